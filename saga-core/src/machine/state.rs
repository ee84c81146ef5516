//! The state of an instance: what its journal says, and nothing else.

use super::status::{Method, StepStatus};
use super::table::is_quiet;
use crate::definition::{Definition, StepDefinition, StepKind, StepSet};
use crate::id::StepIndex;
use crate::journal::{Cause, InstanceState, ParkReason};
use crate::time::Timestamp;

/// The state of one instance: the fold of its journal, without payloads.
///
/// Equal states decide equally. It is made and changed only by events, so what is read back after a crash is
/// the state that was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) phase: Phase,
    pub(super) steps: Vec<StepRecord>,
    pub(super) cause: Option<Cause>,
    /// What the instance looks like from outside. It follows from the rest; it is kept for `since`.
    pub(super) shown: InstanceState,
    pub(super) since: Timestamp,
}

/// Which way an instance goes. Whether it is parked follows from its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Running,
    Compensating,
    Completed,
    Compensated,
}

/// What is known of one step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct StepRecord {
    pub(super) status: StepStatus,
    /// When it came to this status.
    pub(super) since: Timestamp,
    pub(super) attempts: Tries,
    /// The attempts of its check, of the last doubt only.
    pub(super) checks: Tries,
    pub(super) compensations: Tries,
    /// Whether an attempt was in doubt, and nothing has told since.
    pub(super) doubt: bool,
    /// When its last attempt ended.
    pub(super) ended_at: Timestamp,
    /// The failure that its check is to clear up.
    pub(super) failure: Option<Box<LastFailure>>,
    /// Why it is parked, in words.
    pub(super) message: Option<Box<str>>,
    /// What parks the instance at this step beside its status.
    pub(super) block: Option<Box<Block>>,
}

/// The attempts of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Tries {
    /// All that were started.
    pub(super) made: u32,
    /// Those of them that count towards no budget any more.
    pub(super) before: u32,
}

/// What is kept of a failed attempt while its check has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LastFailure {
    pub(super) code: Option<String>,
    pub(super) message: String,
}

/// What parks an instance at a step and is no attempt's failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Block {
    pub(super) reason: ParkReason,
    pub(super) message: String,
    pub(super) since: Timestamp,
}

impl Tries {
    /// The attempts that count towards the current budget.
    pub(super) const fn counted(self) -> u32 {
        self.made.saturating_sub(self.before)
    }

    /// Begins a new budget.
    pub(super) const fn begin_budget(&mut self) {
        self.before = self.made;
    }
}

impl Phase {
    pub(super) const fn is_terminal(self) -> bool {
        match self {
            Self::Completed | Self::Compensated => true,
            Self::Running | Self::Compensating => false,
        }
    }
}

impl State {
    /// The state of an instance of `definition` that was started at `at`, none of its steps begun.
    pub(super) fn new(definition: &Definition, at: Timestamp) -> Self {
        let steps = definition.steps().map(|_| StepRecord::new(at)).collect();
        Self { phase: Phase::Running, steps, cause: None, shown: InstanceState::Running, since: at }
    }

    /// The steps with what is known of them, in the order of their declaration.
    pub(super) fn steps<'a>(&'a self, definition: &'a Definition) -> impl Iterator<Item = Step<'a>> {
        definition.steps().zip(&self.steps).map(|((index, of), record)| Step { index, of, record })
    }

    /// The step at `index`.
    pub(super) fn step<'a>(&'a self, definition: &'a Definition, index: StepIndex) -> Option<Step<'a>> {
        Some(Step { index, of: definition.step(index)?, record: self.steps.get(index.get())? })
    }

    /// The steps that have succeeded.
    pub(super) fn succeeded(&self, definition: &Definition) -> StepSet {
        self.steps(definition)
            .filter(|step| step.record.status == StepStatus::Succeeded)
            .map(|step| step.index)
            .collect()
    }

    /// The steps that have no effect left to compensate, and will have none.
    pub(super) fn quiet(&self, definition: &Definition) -> StepSet {
        self.steps(definition)
            .filter(|step| is_quiet(step.record.status, step.of.kind))
            .map(|step| step.index)
            .collect()
    }

    /// Whether every step has succeeded.
    pub(super) fn all_succeeded(&self) -> bool {
        self.steps.iter().all(|record| record.status == StepStatus::Succeeded)
    }

    /// Whether no step has an effect left to compensate, or will have one.
    pub(super) fn all_quiet(&self, definition: &Definition) -> bool {
        self.steps(definition).all(|step| is_quiet(step.record.status, step.of.kind))
    }

    /// Whether a step is parked. Nothing new goes forward then.
    pub(super) fn has_parked(&self) -> bool {
        self.steps.iter().any(StepRecord::is_parked)
    }

    /// Whether the instance is parked beside its steps' status. Nothing at all starts then.
    pub(super) fn is_blocked(&self) -> bool {
        self.steps.iter().any(|record| record.block.is_some())
    }

    /// Whether an attempt of anything is under way.
    pub(super) fn is_running(&self) -> bool {
        self.steps.iter().any(|record| record.status.running().is_some())
    }

    /// What the instance looks like from outside.
    pub(super) fn look(&self, definition: &Definition) -> InstanceState {
        let goes = match self.phase {
            Phase::Completed => return InstanceState::Completed,
            Phase::Compensated => return InstanceState::Compensated,
            Phase::Running => InstanceState::Running,
            Phase::Compensating => InstanceState::Compensating,
        };
        if self.has_parked() && !self.goes_on(definition) { InstanceState::Parked } else { goes }
    }

    /// Whether something runs, or will go on by itself, although a step is parked.
    fn goes_on(&self, definition: &Definition) -> bool {
        if self.is_running() {
            return true;
        }
        if self.is_blocked() {
            return false;
        }
        let quiet = self.quiet(definition);
        self.steps(definition).any(|step| {
            step.record.status.waiting().is_some()
                || (self.phase == Phase::Compensating
                    && (step.is_to_settle() || step.is_to_compensate(definition, quiet)))
        })
    }
}

impl StepRecord {
    const fn new(at: Timestamp) -> Self {
        let none = Tries { made: 0, before: 0 };
        Self {
            status: StepStatus::Pending,
            since: at,
            attempts: none,
            checks: none,
            compensations: none,
            doubt: false,
            ended_at: at,
            failure: None,
            message: None,
            block: None,
        }
    }

    /// Whether a person has to say how it goes on.
    pub(super) fn is_parked(&self) -> bool {
        self.block.is_some() || self.status.parked().is_some()
    }

    /// The attempts of `method`.
    pub(super) const fn tries(&self, method: Method) -> Tries {
        match method {
            Method::Attempt => self.attempts,
            Method::Check => self.checks,
            Method::Compensation => self.compensations,
        }
    }

    /// The attempts of `method`, to be changed.
    pub(super) const fn tries_mut(&mut self, method: Method) -> &mut Tries {
        match method {
            Method::Attempt => &mut self.attempts,
            Method::Check => &mut self.checks,
            Method::Compensation => &mut self.compensations,
        }
    }
}

/// One step: what it is, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) index: StepIndex,
    pub(super) of: &'a StepDefinition,
    pub(super) record: &'a StepRecord,
}

impl Step<'_> {
    /// Whether it may begin: it has not, and the steps before it (`succeeded` has them) are done.
    pub(super) fn is_to_begin(&self, succeeded: StepSet) -> bool {
        self.record.status == StepStatus::Pending && self.of.after.is_subset(succeeded)
    }

    /// Whether it is in doubt and has to be settled: its compensation cannot run without its output.
    pub(super) fn is_to_settle(&self) -> bool {
        self.record.status == StepStatus::InDoubt && self.of.compensation_needs_output()
    }

    /// Whether its first compensation may start: it may have an effect, and nothing after it (`quiet` has what
    /// is at rest) has one left or may yet get one.
    pub(super) fn is_to_compensate(&self, definition: &Definition, quiet: StepSet) -> bool {
        let may_have_effect = match self.record.status {
            StepStatus::Succeeded => true,
            StepStatus::InDoubt => !self.of.compensation_needs_output(),
            StepStatus::Pending
            | StepStatus::Attempt(_)
            | StepStatus::Check(_)
            | StepStatus::Void
            | StepStatus::Compensation(_)
            | StepStatus::Compensated => false,
        };
        may_have_effect
            && self.of.kind == StepKind::Compensatable
            && definition.descendants(self.index).is_subset(quiet)
    }
}
