//! What an event makes of one step, or of one item.

use crate::definition::{StepDefinition, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CheckNext, CompensationNext, Event, Loss, Next, ParkReason, ResolutionKind};
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
            | Event::ClockChanged
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
            Event::StepSucceeded { .. } => self.succeed(of),
            Event::AttemptFailed { fault, next, .. } => {
                self.attempts.deaths = 0;
                self.count_failure(of, fault, next, moment);
                self.hear_of_child(of);
            }
            Event::AttemptLost { loss, next, .. } => {
                self.attempts.lose(*loss);
                self.count_failure(of, &loss::fault(), next, moment);
            }
            Event::CheckStarted { attempt, .. } => self.checks.made = *attempt,
            Event::CheckedVoid { next, .. } => {
                self.be_certain();
                self.message = match next {
                    Next::Park(reason) => Some(why_parked(*reason, "").into()),
                    Next::RetryAt(_) | Next::Void | Next::InDoubt | Next::CheckAt(_) => None,
                };
            }
            Event::CheckFailed { fault, lost, next, .. } => {
                count_end(&mut self.checks, *lost);
                if let CheckNext::Park(reason) = next {
                    let unknown = "the service does not know what became of the call";
                    let message = fault.as_ref().map_or(unknown, |fault| fault.message.as_str());
                    self.message = Some(why_parked(*reason, message).into());
                }
            }
            Event::CompensationStarted { attempt, .. } => self.compensations.made = *attempt,
            Event::CompensationSucceeded { .. } => self.hear_of_child(of),
            Event::CompensationFailed { fault, lost, next, .. } => {
                count_end(&mut self.compensations, *lost);
                if let CompensationNext::Park(reason) = next {
                    self.message = Some(why_parked(*reason, &fault.message).into());
                }
            }
            Event::Parked { reason, message, .. } => {
                self.block =
                    Some(Box::new(Block { reason: *reason, message: message.clone(), since: moment.at }));
            }
            Event::Resolved { how, .. } => self.resolve(*how),
            Event::SagaStarted { .. }
            | Event::ClockChanged
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalReceived { .. }
            | Event::ItemsListed { .. }
            | Event::CompensationDecided { .. }
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
            Next::Park(reason) => self.message = Some(why_parked(*reason, &fault.message).into()),
            Next::Void => self.be_certain(),
            Next::RetryAt(_) | Next::InDoubt => {}
        }
    }

    /// It is known what became of every attempt.
    fn be_certain(&mut self) {
        self.doubt = false;
        self.failure = None;
    }

    /// It succeeded, or a person says so.
    fn succeed(&mut self, of: &StepDefinition) {
        self.be_certain();
        self.forget_deaths();
        self.hear_of_child(of);
        if std::mem::take(&mut self.vouched) {
            self.block = None;
            self.message = None;
            self.compensations.begin_budget();
        }
    }

    fn forget_deaths(&mut self) {
        for tries in [&mut self.attempts, &mut self.checks, &mut self.compensations] {
            tries.deaths = 0;
        }
    }

    /// What parked the instance at a child is over once the child has ended.
    fn hear_of_child(&mut self, of: &StepDefinition) {
        if of.child.is_some() {
            self.block = None;
        }
    }

    /// A person decided how it goes on.
    fn resolve(&mut self, how: ResolutionKind) {
        match how {
            ResolutionKind::Retry => self.begin_again(),
            ResolutionKind::Skip => self.left_standing = true,
            ResolutionKind::Succeeded => {
                // It stays parked until its output is told.
                self.vouched = true;
                return;
            }
            ResolutionKind::Void => {
                self.be_certain();
                self.called_since = None;
                self.attempts.begin_budget();
            }
        }
        self.forget_deaths();
        self.block = None;
        self.message = None;
    }

    /// What is parked gets a new budget. Who wants a call in doubt repeated has looked, so its key counts as known
    /// from then on.
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
    }
}

/// An attempt of a check or of a compensation ended.
fn count_end(tries: &mut Tries, lost: Option<Loss>) {
    match lost {
        Some(loss) => tries.lose(loss),
        None => tries.deaths = 0,
    }
}

/// What is said of something that is parked; `message` is what its last attempt said.
fn why_parked(reason: ParkReason, message: &str) -> &str {
    if reason == ParkReason::CrashLoop { loss::LOOPS } else { message }
}
