//! The state of an instance: what its journal says, and nothing else.

use std::fmt;

use super::items::Items;
use super::record::{Moment, Record};
use super::status::StepStatus;
use super::table::{is_done, is_quiet};
use crate::definition::{Definition, StepDefinition, StepKind, StepSet};
use crate::id::StepIndex;
use crate::journal::{Cause, InstanceState};
use crate::outcome::Named;
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
    pub(super) started_at: Moment,
    /// When the last event happened.
    pub(super) last: Moment,
    /// The time of the first event after the clock went back last, if it has.
    pub(super) set_back_at: Timestamp,
    /// When the clock was last known to be another one than before, if it has been.
    pub(super) clock_since: Option<Moment>,
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
    /// Of the step itself. Where it fans out: how far it was when its items were listed.
    pub(super) own: Record,
    /// Whether its message came.
    pub(super) received: bool,
    /// Its items, once they are listed.
    pub(super) items: Option<Box<Items>>,
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
        let moment = Moment { at, went_back: 0 };
        let steps = definition.steps().map(|_| StepRecord::new(moment)).collect();
        Self {
            phase: Phase::Running,
            steps,
            cause: None,
            started_at: moment,
            last: moment,
            set_back_at: at,
            clock_since: None,
            shown: InstanceState::Running,
            since: at,
        }
    }

    /// The steps with what is known of them, in the order of their declaration.
    pub(super) fn steps<'a>(&'a self, definition: &'a Definition) -> impl Iterator<Item = Step<'a>> {
        definition.steps().zip(&self.steps).map(|((index, of), record)| Step { index, of, record })
    }

    /// The step at `index`.
    pub(super) fn step<'a>(&'a self, definition: &'a Definition, index: StepIndex) -> Option<Step<'a>> {
        Some(Step { index, of: definition.step(index)?, record: self.steps.get(index.get())? })
    }

    /// What is called by itself at `at`.
    pub(super) fn unit<'a>(&'a self, definition: &'a Definition, at: UnitIndex) -> Option<Unit<'a>> {
        let step = self.step(definition, at.step)?;
        match at.item {
            None => Some(step.own()),
            Some(item) => step.item(item),
        }
    }

    /// The steps that are done: those after them may begin.
    pub(super) fn done(&self, definition: &Definition) -> StepSet {
        self.steps(definition).filter(|step| step.record.is_done()).map(|step| step.index).collect()
    }

    /// The steps that have no effect left to compensate, and will have none.
    pub(super) fn quiet(&self, definition: &Definition) -> StepSet {
        self.steps(definition)
            .filter(|step| step.record.is_quiet(step.of.kind))
            .map(|step| step.index)
            .collect()
    }

    /// Whether every step is done.
    pub(super) fn all_done(&self) -> bool {
        self.steps.iter().all(StepRecord::is_done)
    }

    /// Whether no step has an effect left to compensate, or will have one.
    pub(super) fn all_quiet(&self, definition: &Definition) -> bool {
        self.steps(definition).all(|step| step.record.is_quiet(step.of.kind))
    }

    /// Whether a step is parked. Nothing new goes forward then.
    pub(super) fn has_parked(&self) -> bool {
        self.steps.iter().any(StepRecord::is_parked)
    }

    /// Whether the instance is parked beside its steps' status. Nothing at all starts then.
    pub(super) fn is_blocked(&self) -> bool {
        self.steps.iter().any(StepRecord::is_blocked)
    }

    /// Whether an attempt of anything is under way in this process. Children are instances of their own.
    pub(super) fn is_running(&self, definition: &Definition) -> bool {
        self.steps(definition).any(|step| step.is_running())
    }

    /// Whether the pivot was called, so that the instance can no longer be taken back from outside.
    pub(super) fn is_past_pivot(&self, definition: &Definition) -> bool {
        let pivot = definition.pivot().and_then(|pivot| self.step(definition, pivot));
        pivot.is_some_and(|pivot| !pivot.record.own.status.is_ahead())
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

    /// Whether something runs here, or will go on by itself, although a step is parked. What waits for a child,
    /// a message or its first attempt does not: nothing new would come of it.
    fn goes_on(&self, definition: &Definition) -> bool {
        if self.is_running(definition) {
            return true;
        }
        if self.is_blocked() {
            return false;
        }
        let quiet = self.quiet(definition);
        self.steps(definition).any(|step| {
            step.has_waiting()
                || (self.phase == Phase::Compensating
                    && (step.has_to_settle() || step.has_to_compensate(definition, quiet)))
        })
    }
}

impl StepRecord {
    const fn new(moment: Moment) -> Self {
        Self { own: Record::new(moment), received: false, items: None }
    }

    /// Whether the steps after it may begin.
    pub(super) fn is_done(&self) -> bool {
        is_done(self.own.status) && self.items.as_ref().is_none_or(|items| items.are_done())
    }

    fn is_quiet(&self, kind: StepKind) -> bool {
        is_quiet(self.own.status, kind) && self.items.as_ref().is_none_or(|items| items.are_quiet())
    }

    /// Whether a person has to say how it goes on.
    pub(super) fn is_parked(&self) -> bool {
        self.own.is_parked() || self.items.as_ref().is_some_and(|items| items.parked().next().is_some())
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.own.block.is_some() || self.items.as_ref().is_some_and(|items| items.has_blocked())
    }
}

/// One step: what it is, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) index: StepIndex,
    pub(super) of: &'a StepDefinition,
    pub(super) record: &'a StepRecord,
}

impl<'a> Step<'a> {
    /// The step itself.
    pub(super) fn own(self) -> Unit<'a> {
        let at = UnitIndex { step: self.index, item: None };
        Unit { at, of: self.of, record: &self.record.own }
    }

    /// One of its items.
    pub(super) fn item(self, item: u32) -> Option<Unit<'a>> {
        let record = self.record.items.as_ref()?.get(item)?;
        Some(Unit { at: UnitIndex { step: self.index, item: Some(item) }, of: self.of, record })
    }

    /// What of it is parked: the step itself, and items of it.
    pub(super) fn parked(self) -> impl Iterator<Item = Unit<'a>> {
        let own = self.record.own.is_parked().then(|| self.own());
        let items = self.record.items.iter().flat_map(|items| items.parked());
        own.into_iter().chain(items.filter_map(move |item| self.item(item)))
    }

    /// Whether a person decided that it, or an item of it, is not compensated.
    pub(super) fn is_left_standing(self) -> bool {
        self.record.own.left_standing
            || self.record.items.iter().flat_map(|items| items.iter()).any(|(_, item)| item.left_standing)
    }

    /// Whether an attempt of it is under way in this process.
    pub(super) fn is_running(self) -> bool {
        (self.record.own.status.running().is_some() && self.of.child.is_none())
            || self.record.items.as_ref().is_some_and(|items| items.running() > 0)
    }

    /// Whether a next attempt of it waits for its time.
    fn has_waiting(self) -> bool {
        self.record.own.status.waiting().is_some()
            || self.record.items.as_ref().is_some_and(|items| items.has_waiting())
    }

    fn has_to_settle(self) -> bool {
        self.own().is_to_settle()
            || self.record.items.as_ref().is_some_and(|items| items.to_settle().next().is_some())
    }

    fn has_to_compensate(self, definition: &Definition, quiet: StepSet) -> bool {
        self.is_next(definition, quiet)
            && (self.own().is_to_compensate()
                || self.record.items.as_ref().is_some_and(|items| items.to_compensate().is_some()))
    }

    /// Whether its turn to be compensated has come: nothing after it (`quiet` has what is at rest) has an effect
    /// left, or may yet get one.
    pub(super) fn is_next(self, definition: &Definition, quiet: StepSet) -> bool {
        definition.descendants(self.index).is_subset(quiet)
    }
}

/// The place of what is called by itself: of a step, or of one item of a step that fans out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UnitIndex {
    pub(super) step: StepIndex,
    pub(super) item: Option<u32>,
}

/// What is called by itself: a step, or one item of a step that fans out. What it is, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'a> {
    pub(super) at: UnitIndex,
    pub(super) of: &'a StepDefinition,
    pub(super) record: &'a Record,
}

impl fmt::Display for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Named { step: &self.of.name, item: self.at.item })
    }
}

impl Unit<'_> {
    /// Whether it is in doubt and has to be settled: its compensation cannot run without its output.
    pub(super) fn is_to_settle(&self) -> bool {
        self.record.status == StepStatus::InDoubt && self.of.compensation_needs_output()
    }

    /// Whether its first compensation may start, if it is the step's turn: it may have an effect.
    pub(super) fn is_to_compensate(&self) -> bool {
        let may_have_effect = match self.record.status {
            StepStatus::Succeeded => true,
            StepStatus::InDoubt => !self.of.compensation_needs_output(),
            StepStatus::Pending
            | StepStatus::Preparing(_)
            | StepStatus::Skipped
            | StepStatus::Items
            | StepStatus::Attempt(_)
            | StepStatus::Check(_)
            | StepStatus::Void
            | StepStatus::Compensation(_)
            | StepStatus::Compensated => false,
        };
        may_have_effect && self.of.kind == StepKind::Compensatable
    }
}
