//! Going forward: steps start when those before them are done, and failed attempts are tried again, given up,
//! or turn the instance around.

use super::clock::Clock;
use super::error::{Illegal, Unexpected};
use super::input::AttemptEnd;
use super::state::{Phase, Unit, UnitIndex};
use super::status::Method;
use super::turn::{Start, Turn, plain};
use super::window;
use crate::definition::StepKind;
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{Cause, Event, FailureKind, Next, ParkReason};
use crate::retry::RetryPolicy;

impl Turn<'_> {
    /// An attempt of a step ended.
    pub(super) fn step_ended(
        &mut self,
        at: UnitIndex,
        attempt: u32,
        end: AttemptEnd,
    ) -> Result<(), Unexpected> {
        let unit = self.ended(at, Method::Attempt, attempt)?;
        let (step, item) = (unit.of.name.clone(), at.item);
        match plain(&step, end)? {
            Ok(output) => self.record(Event::StepSucceeded { step, item, output })?,
            Err(fault) => {
                let next = self.after_failure(unit, &fault);
                let cause = self.cause(unit, &next, &fault);
                self.record(Event::AttemptFailed { step, item, attempt, fault, next })?;
                self.turn_around(cause)?;
            }
        }
        Ok(())
    }

    /// Starts what may start forward, until something leads to the decision.
    pub(super) fn advance_forward(&mut self) -> Result<(), Illegal> {
        let done = self.state.done(self.definition);
        for index in self.indexes() {
            let own = UnitIndex { step: index, item: None };
            let (Start::Done | Start::NotYet | Start::NoRoom) = self.start_if_due(own)?;
            self.resume_items(index)?;
            // A call that may not be repeated any more may have led to the decision.
            if self.state.phase != Phase::Running {
                return Ok(());
            }
            self.go_on(index, done)?;
            if self.state.phase != Phase::Running {
                return Ok(());
            }
            self.begin_items(index)?;
        }
        Ok(())
    }

    /// What follows a failed attempt.
    pub(super) fn after_failure(&self, unit: Unit<'_>, fault: &FaultRecord) -> Next {
        match self.state.phase {
            Phase::Running => self.after_forward_failure(unit, fault),
            Phase::Compensating | Phase::Completed | Phase::Compensated => {
                self.after_late_failure(unit, fault)
            }
        }
    }

    /// The decision that follows from `next`, if one does: the failure of a step or item is the instance's.
    pub(super) fn cause(&self, unit: Unit<'_>, next: &Next, fault: &FaultRecord) -> Option<Cause> {
        let fails = match next {
            Next::Void | Next::InDoubt => true,
            Next::RetryAt(_) | Next::CheckAt(_) | Next::Park(_) => false,
        };
        (fails && self.state.phase == Phase::Running).then(|| Cause {
            step: Some(unit.of.name.clone()),
            item: unit.at.item,
            kind: match fault.kind {
                FaultKind::Rejected => FailureKind::Rejected,
                FaultKind::NotDone => FailureKind::NotDone,
                FaultKind::InDoubt => FailureKind::InDoubt,
            },
            code: fault.code.clone(),
            message: fault.message.clone(),
            attempts: unit.record.attempts.made,
            who: None,
        })
    }

    /// Decides to compensate, if there is a cause.
    pub(super) fn turn_around(&mut self, cause: Option<Cause>) -> Result<(), Illegal> {
        match cause {
            Some(cause) => self.record(Event::CompensationDecided { cause }),
            None => Ok(()),
        }
    }

    fn after_forward_failure(&self, unit: Unit<'_>, fault: &FaultRecord) -> Next {
        let after_pivot = self.definition.is_after_pivot(unit.at.step);
        let in_doubt = fault.kind == FaultKind::InDoubt;
        let policy = forward_policy(unit, in_doubt, self.clock());
        let counted = unit.record.attempts.counted();
        let again = policy.allows_another(counted).then(|| {
            let attempt = unit.record.attempts.made;
            Next::RetryAt(self.retry_at(unit, policy, counted, attempt, Some(fault)))
        });
        let nothing_done = if after_pivot { Next::Park(ParkReason::BudgetSpent) } else { Next::Void };
        match fault.kind {
            FaultKind::Rejected if after_pivot => Next::Park(ParkReason::Refused),
            FaultKind::Rejected => self.refused(unit),
            FaultKind::NotDone => {
                again.unwrap_or_else(|| if unit.record.doubt { self.unanswered(unit) } else { nothing_done })
            }
            FaultKind::InDoubt if unit.of.kind == StepKind::ReadOnly => again.unwrap_or(nothing_done),
            FaultKind::InDoubt if window::is_repeatable(unit, self.clock()) => {
                again.unwrap_or_else(|| self.unanswered(unit))
            }
            FaultKind::InDoubt => self.unanswered(unit),
        }
    }
}

/// How often and when a step is called again while the instance goes forward.
pub(super) fn forward_policy<'a>(unit: Unit<'a>, in_doubt: bool, clock: Clock) -> &'a RetryPolicy {
    let in_doubt = in_doubt || unit.record.doubt;
    match unit.of.kind {
        // Nobody compensates around a pivot that may have been done: the call is repeated until it tells.
        StepKind::Pivot if in_doubt && window::is_idempotent(unit, clock) => &unit.of.retry_in_doubt,
        StepKind::Pivot | StepKind::Compensatable | StepKind::Retriable | StepKind::ReadOnly => {
            &unit.of.retry
        }
    }
}
