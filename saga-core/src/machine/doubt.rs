//! Doubt: a step may or may not have had its effect, and calling it again would not tell.

use super::compensate::{Settling, settling};
use super::error::Unexpected;
use super::input::AttemptEnd;
use super::loss;
use super::state::{Phase, Unit, UnitIndex};
use super::status::Method;
use super::turn::Turn;
use super::window::{self, last_fault};
use crate::definition::{InDoubt, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CheckNext, Event, Next, ParkReason};

impl Turn<'_> {
    /// What follows when a step stays in doubt and may not be called again: its `in_doubt` decides.
    pub(super) fn unanswered(&self, unit: Unit<'_>) -> Next {
        match unit.of.in_doubt {
            InDoubt::Check => match &unit.of.check {
                Some(check) => Next::CheckAt(self.now.plus(check.after)),
                None => Next::Park(ParkReason::InDoubt),
            },
            InDoubt::Compensate => match unit.of.kind {
                // It would have to be settled first, and nothing can settle it.
                StepKind::Compensatable
                    if unit.of.compensation_needs_output()
                        && settling(unit, self.clock()) == Settling::Impossible =>
                {
                    Next::Park(ParkReason::InDoubt)
                }
                StepKind::Compensatable => Next::InDoubt,
                StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => Next::Park(ParkReason::InDoubt),
            },
            InDoubt::Park => Next::Park(ParkReason::InDoubt),
        }
    }

    /// What a refusal tells. It is the truth about this attempt; about an earlier one that was in doubt only
    /// where the step is idempotent, and even there a compensation that costs nothing is called to be sure.
    pub(super) fn refused(&self, unit: Unit<'_>) -> Next {
        let takes_none = unit.of.kind == StepKind::Compensatable && !unit.of.compensation_needs_output();
        if !unit.record.doubt {
            Next::Void
        } else if takes_none {
            Next::InDoubt
        } else if window::is_idempotent(unit, self.clock()) {
            Next::Void
        } else {
            self.unanswered(unit)
        }
    }

    /// An attempt of a check ended.
    pub(super) fn check_ended(
        &mut self,
        at: UnitIndex,
        attempt: u32,
        end: AttemptEnd,
    ) -> Result<(), Unexpected> {
        let unit = self.ended(at, Method::Check, attempt)?;
        let (step, item) = (unit.of.name.clone(), at.item);
        match end {
            AttemptEnd::Succeeded(output) => self.record(Event::StepSucceeded { step, item, output })?,
            AttemptEnd::NothingDone => {
                let next = self.after_void_check(unit);
                let fault = last_fault(unit, FaultKind::NotDone);
                let cause = self.cause(unit, &next, &fault);
                self.record(Event::CheckedVoid { step, item, next })?;
                self.turn_around(cause)?;
            }
            AttemptEnd::Unknown => {
                let next = self.after_failed_check(unit, None);
                self.record(Event::CheckFailed { step, item, attempt, fault: None, lost: None, next })?;
            }
            AttemptEnd::Failed(fault) => {
                let next = self.after_failed_check(unit, Some(&fault));
                self.record(Event::CheckFailed {
                    step,
                    item,
                    attempt,
                    fault: Some(fault),
                    lost: None,
                    next,
                })?;
            }
        }
        Ok(())
    }

    /// What follows when nothing was done: a step that must succeed is called again, unless its calls take the
    /// process with them.
    fn after_void_check(&self, unit: Unit<'_>) -> Next {
        match unit.of.kind {
            StepKind::Retriable if loss::loops(unit.record.attempts) => Next::Park(ParkReason::CrashLoop),
            StepKind::Retriable => {
                let attempts = unit.record.attempts;
                let (counted, attempt) = (attempts.counted(), attempts.made);
                Next::RetryAt(self.retry_at(unit, &unit.of.retry, counted, attempt, None))
            }
            StepKind::Compensatable | StepKind::Pivot | StepKind::ReadOnly => Next::Void,
        }
    }

    /// What follows when a check could not tell: it is asked again, unless the instance compensates meanwhile
    /// and the compensation can do without the answer.
    pub(super) fn after_failed_check(&self, unit: Unit<'_>, fault: Option<&FaultRecord>) -> CheckNext {
        if self.state.phase != Phase::Running && !unit.of.compensation_needs_output() {
            return CheckNext::InDoubt;
        }
        let Some(check) = &unit.of.check else { return CheckNext::Park(ParkReason::InDoubt) };
        let counted = unit.record.checks.counted();
        if check.retry.allows_another(counted) {
            let attempt = unit.record.checks.made;
            CheckNext::CheckAt(self.retry_at(unit, &check.retry, counted, attempt, fault))
        } else {
            CheckNext::Park(ParkReason::BudgetSpent)
        }
    }
}
