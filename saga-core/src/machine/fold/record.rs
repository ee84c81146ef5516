//! What an event makes of one step, or of one item.

use crate::definition::{StepDefinition, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CheckNext, CompensationNext, Event, Next, ParkReason};
use crate::machine::record::{Block, LastFailure, Moment, Record, Tries};
use crate::machine::status::StepStatus;
use crate::machine::table::{Facts, next_status};
use crate::machine::{loss, signal};

impl Record {
    /// Applies `event`; `None` if it is not legal: then nothing has changed.
    pub(super) fn apply(
        &mut self,
        facts: Facts,
        of: &StepDefinition,
        event: &Event,
        moment: Moment,
    ) -> Option<()> {
        self.check_number(event)?;
        let status = next_status(self.status, facts, event)?;
        self.count(of, event, moment);
        self.come_to(status, moment);
        Some(())
    }

    /// The instance compensates from here on.
    pub(super) fn turn_around(&mut self, status: StepStatus, moment: Moment) {
        self.attempts.begin_budget();
        self.checks.begin_budget();
        self.failure = None;
        self.message = None;
        // What kept it from going forward does not keep it from going back; a value that cannot be read does.
        self.block = self.block.take().filter(|block| block.reason == ParkReason::Decode);
        self.come_to(status, moment);
    }

    /// Whether the number of the attempt that `event` is about is the one that comes next, or is under way.
    fn check_number(&self, event: &Event) -> Option<()> {
        let (number, expected) = match *event {
            Event::StepStarted { attempt, .. } => (attempt, self.attempts.made.checked_add(1)?),
            Event::AttemptFailed { attempt, .. } | Event::AttemptLost { attempt, .. } => {
                (attempt, self.attempts.made)
            }
            Event::CheckStarted { attempt, .. } => (attempt, self.checks.made.checked_add(1)?),
            Event::CheckFailed { attempt, .. } => (attempt, self.checks.made),
            Event::CompensationStarted { attempt, .. } => (attempt, self.compensations.made.checked_add(1)?),
            Event::CompensationFailed { attempt, .. } => (attempt, self.compensations.made),
            Event::SagaStarted { .. }
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalReceived { .. }
            | Event::SignalMissed { .. }
            | Event::ItemsListed { .. }
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

    fn come_to(&mut self, status: StepStatus, moment: Moment) {
        if self.status != status {
            self.status = status;
            self.since = moment;
        }
    }

    /// Takes down what `event` says beside the status that it leads to.
    fn count(&mut self, of: &StepDefinition, event: &Event, moment: Moment) {
        match event {
            Event::SignalMissed { next, .. } => {
                self.message = matches!(next, Next::Park(_)).then(|| signal::MISSED.into());
            }
            Event::StepStarted { attempt, .. } => {
                self.attempts.made = *attempt;
                self.called_since.get_or_insert(moment);
            }
            Event::StepSucceeded { .. } => {
                self.be_certain();
                self.hear_of_child(of);
            }
            Event::AttemptFailed { fault, next, .. } => {
                self.count_failure(of, fault, next, moment);
                self.hear_of_child(of);
            }
            Event::AttemptLost { next, .. } => self.count_failure(of, &loss::fault(), next, moment),
            Event::CheckStarted { attempt, .. } => self.checks.made = *attempt,
            Event::CheckedVoid { .. } => self.be_certain(),
            Event::CheckFailed { fault, next: CheckNext::Park(_), .. } => {
                self.message = Some(match fault {
                    Some(fault) => fault.message.as_str().into(),
                    None => "the service does not know what became of the call".into(),
                });
            }
            Event::CompensationStarted { attempt, .. } => self.compensations.made = *attempt,
            Event::CompensationSucceeded { .. } => self.hear_of_child(of),
            Event::CompensationFailed { fault, next: CompensationNext::Park(_), .. } => {
                self.message = Some(fault.message.as_str().into());
            }
            Event::Parked { reason, message, .. } => {
                self.block =
                    Some(Box::new(Block { reason: *reason, message: message.clone(), since: moment.at }));
            }
            Event::Resolved { .. } => self.begin_again(),
            Event::SagaStarted { .. }
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalReceived { .. }
            | Event::ItemsListed { .. }
            | Event::CheckFailed { next: CheckNext::CheckAt(_) | CheckNext::InDoubt, .. }
            | Event::CompensationDecided { .. }
            | Event::CompensationFailed { next: CompensationNext::RetryAt(_), .. }
            | Event::Completed
            | Event::Compensated => {}
        }
    }

    fn count_failure(&mut self, of: &StepDefinition, fault: &FaultRecord, next: &Next, moment: Moment) {
        self.ended_at = moment;
        // A call without an effect leaves nothing to doubt.
        self.doubt |= fault.kind == FaultKind::InDoubt && of.kind != StepKind::ReadOnly;
        let failure = || LastFailure { code: fault.code.clone(), message: fault.message.clone() };
        match next {
            Next::CheckAt(_) => {
                self.checks = Tries::default();
                self.failure = Some(Box::new(failure()));
            }
            Next::RetryAt(_) if self.doubt => self.failure = Some(Box::new(failure())),
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

    /// What parked the instance at a child is over once the child has ended.
    fn hear_of_child(&mut self, of: &StepDefinition) {
        if of.child.is_some() {
            self.block = None;
        }
    }

    /// A person wants it tried again: what is parked gets a new budget. Who says so of a call in doubt has
    /// looked, so its key counts as known from then on.
    fn begin_again(&mut self) {
        let is_in_doubt = |reason| reason == ParkReason::InDoubt;
        if self.status.parked().is_some_and(is_in_doubt)
            || self.block.as_ref().is_some_and(|block| is_in_doubt(block.reason))
        {
            self.called_since = None;
        }
        if self.status.parked().is_some()
            && let Some((method, _)) = self.status.calling()
        {
            self.tries_mut(method).begin_budget();
        }
        self.block = None;
        self.message = None;
    }
}
