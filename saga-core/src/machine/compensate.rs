//! After the decision: what is under way ends, what is in doubt and needs its output to be compensated is
//! settled, and what may have had an effect is compensated, the last first.

use super::clock::Clock;
use super::error::{Illegal, Unexpected};
use super::input::AttemptEnd;
use super::state::{Unit, UnitIndex};
use super::status::Method;
use super::turn::{Start, Turn, cannot_settle, plain};
use super::window::is_idempotent;
use crate::definition::StepKind;
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CompensationNext, Event, Next, ParkReason};
use crate::time::Timestamp;

/// How a step in doubt is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settling {
    /// Its check is asked, from this time on.
    Check(Timestamp),
    /// It is called again with the same key, at once.
    Call,
    /// Nothing can tell any more: a deployment took the check away, or the service has forgotten the key.
    Impossible,
}

impl Turn<'_> {
    /// An attempt of a compensation ended.
    pub(super) fn compensation_ended(
        &mut self,
        at: UnitIndex,
        attempt: u32,
        end: AttemptEnd,
    ) -> Result<(), Unexpected> {
        let unit = self.ended(at, Method::Compensation, attempt)?;
        let (step, item) = (unit.of.name.clone(), at.item);
        match plain(&step, end)? {
            Ok(_nothing) => self.record(Event::CompensationSucceeded { step, item })?,
            Err(fault) => {
                let next = self.after_failed_compensation(unit, &fault);
                self.record(Event::CompensationFailed { step, item, attempt, fault, lost: None, next })?;
            }
        }
        Ok(())
    }

    /// Starts what may start, the last step first.
    pub(super) fn advance_compensating(&mut self) -> Result<(), Illegal> {
        let quiet = self.state.quiet(self.definition);
        for index in self.indexes().rev() {
            let own = UnitIndex { step: index, item: None };
            let (Start::Done | Start::NotYet | Start::NoRoom) = self.start_if_due(own)?;
            self.resume_items(index)?;
            let Some(step) = self.step(index).filter(|_| !self.state.is_blocked()) else { continue };
            let is_next = step.is_next(self.definition, quiet);
            if is_next && step.own().is_to_compensate() {
                let (Start::Done | Start::NotYet | Start::NoRoom) = self.start(own, Method::Compensation)?;
            } else if step.own().is_to_settle() {
                let (Start::Done | Start::NotYet | Start::NoRoom) = self.settle(own)?;
            }
            self.settle_items(index)?;
            if is_next {
                self.compensate_items(index)?;
            }
        }
        Ok(())
    }

    /// Begins to settle what is in doubt.
    pub(super) fn settle(&mut self, at: UnitIndex) -> Result<Start, Illegal> {
        let Some(unit) = self.unit(at) else { return Ok(Start::NotYet) };
        match settling(unit, self.clock()) {
            Settling::Check(from) if from > self.now => Ok(Start::NotYet),
            Settling::Check(_) => self.start(at, Method::Check),
            Settling::Call => self.start(at, Method::Attempt),
            Settling::Impossible => {
                let event = cannot_settle(unit);
                self.record(event)?;
                Ok(Start::Done)
            }
        }
    }

    /// What follows an attempt of a step that failed after the decision.
    pub(super) fn after_late_failure(&self, unit: Unit<'_>, fault: &FaultRecord) -> Next {
        match fault.kind {
            FaultKind::Rejected => self.refused(unit),
            FaultKind::NotDone if !unit.record.doubt => Next::Void,
            FaultKind::NotDone | FaultKind::InDoubt if unit.of.kind == StepKind::ReadOnly => Next::Void,
            FaultKind::NotDone | FaultKind::InDoubt if unit.of.compensation_needs_output() => {
                self.settle_on(unit, fault)
            }
            FaultKind::NotDone | FaultKind::InDoubt => Next::InDoubt,
        }
    }

    /// How settling goes on after a failed attempt. The attempts since the decision count, under the policy of
    /// the compensation that waits for the answer; the one that was under way at the decision is none of them.
    fn settle_on(&self, unit: Unit<'_>, fault: &FaultRecord) -> Next {
        if let Some(check) = &unit.of.check {
            return Next::CheckAt(self.now.plus(check.after));
        }
        let Some(compensation) = unit.of.compensation.as_ref().filter(|_| is_idempotent(unit, self.clock()))
        else {
            return Next::Park(ParkReason::InDoubt);
        };
        let (counted, attempt) = (unit.record.attempts.counted(), unit.record.attempts.made);
        if counted == 0 {
            Next::RetryAt(self.now)
        } else if compensation.retry.allows_another(counted) {
            Next::RetryAt(self.retry_at(unit, &compensation.retry, counted, attempt, Some(fault)))
        } else {
            Next::Park(ParkReason::BudgetSpent)
        }
    }

    /// What follows a failed attempt of a compensation.
    pub(super) fn after_failed_compensation(&self, unit: Unit<'_>, fault: &FaultRecord) -> CompensationNext {
        let (counted, attempt) = (unit.record.compensations.counted(), unit.record.compensations.made);
        let policy = unit.of.compensation.as_ref().map(|compensation| &compensation.retry);
        match (fault.kind, policy) {
            (FaultKind::Rejected, _) => CompensationNext::Park(ParkReason::Refused),
            (FaultKind::NotDone | FaultKind::InDoubt, Some(policy)) if policy.allows_another(counted) => {
                CompensationNext::RetryAt(self.retry_at(unit, policy, counted, attempt, Some(fault)))
            }
            (FaultKind::NotDone | FaultKind::InDoubt, _) => CompensationNext::Park(ParkReason::BudgetSpent),
        }
    }
}

/// How `unit`, which is in doubt, is settled. A check waits until no request can be travelling any more.
pub(super) fn settling(unit: Unit<'_>, clock: Clock) -> Settling {
    match &unit.of.check {
        Some(check) => Settling::Check(clock.arrived(unit, check)),
        None if is_idempotent(unit, clock) => Settling::Call,
        None => Settling::Impossible,
    }
}
