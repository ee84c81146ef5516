//! The fold of the journal: the only thing that changes a state. It reads the definition's shape and no policy,
//! so changing a policy never changes what a journal means.

use super::error::Illegal;
use super::loss;
use super::state::{Block, LastFailure, Phase, State, StepRecord, Tries};
use super::status::StepStatus;
use super::table::{Facts, next_status};
use crate::definition::{Definition, StepDefinition, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepIndex;
use crate::journal::{CheckNext, CompensationNext, Event, Next};
use crate::time::Timestamp;

impl State {
    /// Applies `event`, which happened at `at`.
    ///
    /// # Errors
    /// [`Illegal`] if it cannot have happened in this state, which stays as it was.
    pub(super) fn apply(
        &mut self,
        definition: &Definition,
        event: &Event,
        at: Timestamp,
    ) -> Result<(), Illegal> {
        self.try_apply(definition, event, at).ok_or_else(|| Illegal::new(event))?;
        let shown = self.look(definition);
        if self.shown != shown {
            self.shown = shown;
            self.since = at;
        }
        Ok(())
    }

    fn try_apply(&mut self, definition: &Definition, event: &Event, at: Timestamp) -> Option<()> {
        if self.phase.is_terminal() {
            return None;
        }
        match event.step() {
            Some(name) => self.apply_to_step(definition, definition.index_of(name)?, event, at),
            None => self.apply_to_all(definition, event, at),
        }
    }

    /// Applies an event of one step.
    fn apply_to_step(
        &mut self,
        definition: &Definition,
        index: StepIndex,
        event: &Event,
        at: Timestamp,
    ) -> Option<()> {
        self.check_order(definition, index, event)?;
        let compensating = self.phase == Phase::Compensating;
        let of = definition.step(index)?;
        let record = self.steps.get_mut(index.get())?;
        check_number(record, event)?;
        let status = next_status(record.status, record.facts(of, compensating, at), event)?;
        record.count(of, event, at);
        record.come_to(status, at);
        Some(())
    }

    /// Applies an event of the instance as a whole: it is legal if it is so at each step.
    fn apply_to_all(&mut self, definition: &Definition, event: &Event, at: Timestamp) -> Option<()> {
        let compensating = self.phase == Phase::Compensating;
        let next: Vec<StepStatus> = self
            .steps(definition)
            .map(|step| next_status(step.record.status, step.record.facts(step.of, compensating, at), event))
            .collect::<Option<_>>()?;
        match event {
            Event::CompensationDecided { cause } => {
                self.phase = Phase::Compensating;
                self.cause = Some(cause.clone());
                for record in &mut self.steps {
                    record.attempts.begin_budget();
                    record.checks.begin_budget();
                    record.failure = None;
                    record.message = None;
                }
            }
            Event::Completed => self.phase = Phase::Completed,
            Event::Compensated => self.phase = Phase::Compensated,
            Event::SagaStarted { .. }
            | Event::StepStarted { .. }
            | Event::StepSucceeded { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckStarted { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationStarted { .. }
            | Event::CompensationSucceeded { .. }
            | Event::CompensationFailed { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. } => return None,
        }
        for (record, status) in self.steps.iter_mut().zip(next) {
            record.come_to(status, at);
        }
        Some(())
    }

    /// Whether what starts here may start as far as the other steps are concerned.
    fn check_order(&self, definition: &Definition, index: StepIndex, event: &Event) -> Option<()> {
        let step = self.step(definition, index)?;
        let in_order = match event {
            Event::StepStarted { .. } if step.record.status == StepStatus::Pending => {
                step.is_to_begin(self.succeeded(definition)) && !self.has_parked()
            }
            Event::CompensationStarted { .. } => {
                definition.descendants(index).is_subset(self.quiet(definition)) && !self.is_blocked()
            }
            Event::StepStarted { .. } | Event::CheckStarted { .. } => !self.is_blocked(),
            Event::SagaStarted { .. }
            | Event::StepSucceeded { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationDecided { .. }
            | Event::CompensationSucceeded { .. }
            | Event::CompensationFailed { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. }
            | Event::Completed
            | Event::Compensated => true,
        };
        in_order.then_some(())
    }
}

/// Whether the number of the attempt that `event` is about is the one that comes next, or is under way.
fn check_number(record: &StepRecord, event: &Event) -> Option<()> {
    let (number, expected) = match *event {
        Event::StepStarted { attempt, .. } => (attempt, record.attempts.made.checked_add(1)?),
        Event::AttemptFailed { attempt, .. } | Event::AttemptLost { attempt, .. } => {
            (attempt, record.attempts.made)
        }
        Event::CheckStarted { attempt, .. } => (attempt, record.checks.made.checked_add(1)?),
        Event::CheckFailed { attempt, .. } => (attempt, record.checks.made),
        Event::CompensationStarted { attempt, .. } => (attempt, record.compensations.made.checked_add(1)?),
        Event::CompensationFailed { attempt, .. } => (attempt, record.compensations.made),
        Event::SagaStarted { .. }
        | Event::StepSucceeded { .. }
        | Event::CheckedVoid { .. }
        | Event::CompensationDecided { .. }
        | Event::CompensationSucceeded { .. }
        | Event::Parked { .. }
        | Event::Resolved { .. }
        | Event::Completed
        | Event::Compensated => return Some(()),
    };
    (number == expected).then_some(())
}

impl StepRecord {
    fn facts(&self, of: &StepDefinition, compensating: bool, at: Timestamp) -> Facts {
        Facts {
            kind: of.kind,
            needs_output: of.compensation_needs_output(),
            compensating,
            doubt: self.doubt,
            checked: self.checks.made > 0,
            blocked: self.block.is_some(),
            at,
        }
    }

    fn come_to(&mut self, status: StepStatus, at: Timestamp) {
        if self.status != status {
            self.status = status;
            self.since = at;
        }
    }

    /// Takes down what `event` says beside the status that it leads to.
    fn count(&mut self, of: &StepDefinition, event: &Event, at: Timestamp) {
        match event {
            Event::StepStarted { attempt, .. } => self.attempts.made = *attempt,
            Event::StepSucceeded { .. } => self.be_certain(),
            Event::AttemptFailed { fault, next, .. } => self.count_failure(of, fault, next, at),
            Event::AttemptLost { next, .. } => self.count_failure(of, &loss::fault(), next, at),
            Event::CheckStarted { attempt, .. } => self.checks.made = *attempt,
            Event::CheckedVoid { .. } => self.be_certain(),
            Event::CheckFailed { fault, next: CheckNext::Park(_), .. } => {
                self.message = Some(match fault {
                    Some(fault) => fault.message.as_str().into(),
                    None => "the service does not know what became of the call".into(),
                });
            }
            Event::CheckFailed { next: CheckNext::CheckAt(_) | CheckNext::InDoubt, .. } => {}
            Event::CompensationStarted { attempt, .. } => self.compensations.made = *attempt,
            Event::CompensationFailed { fault, next: CompensationNext::Park(_), .. } => {
                self.message = Some(fault.message.as_str().into());
            }
            Event::CompensationFailed { next: CompensationNext::RetryAt(_), .. } => {}
            Event::Parked { reason, message, .. } => {
                self.block = Some(Box::new(Block { reason: *reason, message: message.clone(), since: at }));
            }
            Event::Resolved { .. } => self.begin_again(),
            Event::SagaStarted { .. }
            | Event::CompensationDecided { .. }
            | Event::CompensationSucceeded { .. }
            | Event::Completed
            | Event::Compensated => {}
        }
    }

    fn count_failure(&mut self, of: &StepDefinition, fault: &FaultRecord, next: &Next, at: Timestamp) {
        self.ended_at = at;
        // A call without an effect leaves nothing to doubt.
        self.doubt |= fault.kind == FaultKind::InDoubt && of.kind != StepKind::ReadOnly;
        match next {
            Next::CheckAt(_) => {
                self.checks = Tries::default();
                self.failure =
                    Some(Box::new(LastFailure { code: fault.code.clone(), message: fault.message.clone() }));
            }
            Next::Park(_) => self.message = Some(fault.message.as_str().into()),
            Next::Void => self.be_certain(),
            Next::RetryAt(_) | Next::InDoubt => {}
        }
    }

    /// It is known what became of every attempt.
    fn be_certain(&mut self) {
        self.doubt = false;
        self.failure = None;
    }

    /// A person wants it tried again: what is parked gets a new budget.
    fn begin_again(&mut self) {
        if let Some((method, _)) = self.status.parked() {
            self.tries_mut(method).begin_budget();
        }
        self.block = None;
        self.message = None;
    }
}
