//! After the decision: what is under way ends, what is in doubt and needs its output to be compensated is
//! settled, and what may have had an effect is compensated, the last first.

use super::error::{Illegal, Unexpected};
use super::input::AttemptEnd;
use super::state::Step;
use super::status::Method;
use super::turn::{Turn, no_check, plain};
use crate::definition::StepKind;
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepIndex;
use crate::journal::{CompensationNext, Event, Next, ParkReason};
use crate::time::Timestamp;

/// How a step in doubt is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settling {
    /// Its check is asked, from this time on.
    Check(Timestamp),
    /// It is called again with the same key, at once.
    Call,
    /// Nothing can tell any more: a deployment took the check away.
    Impossible,
}

impl Turn<'_> {
    /// An attempt of a compensation ended.
    pub(super) fn compensation_ended(
        &mut self,
        index: StepIndex,
        attempt: u32,
        end: AttemptEnd,
    ) -> Result<(), Unexpected> {
        let step = self.ended(index, Method::Compensation, attempt)?;
        let name = step.of.name.clone();
        match plain(&name, end)? {
            Ok(_nothing) => self.record(Event::CompensationSucceeded { step: name })?,
            Err(fault) => {
                let next = self.after_failed_compensation(step, &fault);
                self.record(Event::CompensationFailed { step: name, attempt, fault, next })?;
            }
        }
        Ok(())
    }

    /// Starts what may start, the last step first.
    pub(super) fn advance_compensating(&mut self) -> Result<(), Illegal> {
        let quiet = self.state.quiet(self.definition);
        for index in self.indexes().rev() {
            self.start_if_due(index)?;
            let Some(step) = self.step(index).filter(|_| !self.state.is_blocked()) else { continue };
            if step.is_to_compensate(self.definition, quiet) {
                self.start(index, Method::Compensation)?;
            } else if step.is_to_settle() {
                self.settle(index)?;
            }
        }
        Ok(())
    }

    /// Begins to settle a step in doubt.
    fn settle(&mut self, index: StepIndex) -> Result<(), Illegal> {
        let Some(step) = self.step(index) else { return Ok(()) };
        match settling(step) {
            Settling::Check(at) if at > self.now => Ok(()),
            Settling::Check(_) => self.start(index, Method::Check),
            Settling::Call => self.start(index, Method::Attempt),
            Settling::Impossible => {
                let event = no_check(step.of.name.clone());
                self.record(event)
            }
        }
    }

    /// What follows an attempt of a step that failed after the decision.
    pub(super) fn after_late_failure(&self, step: Step<'_>, fault: &FaultRecord) -> Next {
        match fault.kind {
            FaultKind::Rejected => self.refused(step),
            FaultKind::NotDone if !step.record.doubt => Next::Void,
            FaultKind::NotDone | FaultKind::InDoubt if step.of.kind == StepKind::ReadOnly => Next::Void,
            FaultKind::NotDone | FaultKind::InDoubt if step.of.compensation_needs_output() => {
                self.settle_on(step, fault)
            }
            FaultKind::NotDone | FaultKind::InDoubt => Next::InDoubt,
        }
    }

    /// How settling goes on after a failed attempt. The attempts since the decision count, under the policy of
    /// the compensation that waits for the answer; the one that was under way at the decision is none of them.
    fn settle_on(&self, step: Step<'_>, fault: &FaultRecord) -> Next {
        if let Some(check) = &step.of.check {
            return Next::CheckAt(self.now.plus(check.after));
        }
        let Some(compensation) = step.of.compensation.as_ref().filter(|_| step.of.idempotent) else {
            return Next::Park(ParkReason::InDoubt);
        };
        let (counted, attempt) = (step.record.attempts.counted(), step.record.attempts.made);
        if counted == 0 {
            Next::RetryAt(self.now)
        } else if compensation.retry.allows_another(counted) {
            Next::RetryAt(self.retry_at(&step.of.name, &compensation.retry, counted, attempt, Some(fault)))
        } else {
            Next::Park(ParkReason::BudgetSpent)
        }
    }

    /// What follows a failed attempt of a compensation.
    pub(super) fn after_failed_compensation(&self, step: Step<'_>, fault: &FaultRecord) -> CompensationNext {
        let (counted, attempt) = (step.record.compensations.counted(), step.record.compensations.made);
        let policy = step.of.compensation.as_ref().map(|compensation| &compensation.retry);
        match (fault.kind, policy) {
            (FaultKind::Rejected, _) => CompensationNext::Park(ParkReason::Refused),
            (FaultKind::NotDone | FaultKind::InDoubt, Some(policy)) if policy.allows_another(counted) => {
                CompensationNext::RetryAt(self.retry_at(&step.of.name, policy, counted, attempt, Some(fault)))
            }
            (FaultKind::NotDone | FaultKind::InDoubt, _) => CompensationNext::Park(ParkReason::BudgetSpent),
        }
    }
}

/// How `step`, which is in doubt, is settled. A check waits until no request can be travelling any more.
pub(super) fn settling(step: Step<'_>) -> Settling {
    match &step.of.check {
        Some(check) => Settling::Check(step.record.ended_at.plus(check.after)),
        None if step.of.idempotent => Settling::Call,
        None => Settling::Impossible,
    }
}
