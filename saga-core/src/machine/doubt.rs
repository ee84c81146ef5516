//! Doubt: a step may or may not have had its effect, and calling it again would not tell.

use super::error::Unexpected;
use super::input::AttemptEnd;
use super::state::{Phase, Step};
use super::status::Method;
use super::turn::Turn;
use crate::definition::{InDoubt, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepIndex;
use crate::journal::{CheckNext, Event, Next, ParkReason};

impl Turn<'_> {
    /// What follows when a step stays in doubt and may not be called again: its `in_doubt` decides.
    pub(super) fn unanswered(&self, step: Step<'_>) -> Next {
        match step.of.in_doubt {
            InDoubt::Check => match &step.of.check {
                Some(check) => Next::CheckAt(self.now.plus(check.after)),
                None => Next::Park(ParkReason::InDoubt),
            },
            InDoubt::Compensate => match step.of.kind {
                StepKind::Compensatable => Next::InDoubt,
                StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => Next::Park(ParkReason::InDoubt),
            },
            InDoubt::Park => Next::Park(ParkReason::InDoubt),
        }
    }

    /// What a refusal tells. It is the truth about this attempt; about an earlier one that was in doubt only
    /// where the step is idempotent, and even there a compensation that costs nothing is called to be sure.
    pub(super) fn refused(&self, step: Step<'_>) -> Next {
        let takes_none = step.of.kind == StepKind::Compensatable && !step.of.compensation_needs_output();
        if !step.record.doubt {
            Next::Void
        } else if takes_none {
            Next::InDoubt
        } else if step.of.idempotent {
            Next::Void
        } else {
            self.unanswered(step)
        }
    }

    /// An attempt of a check ended.
    pub(super) fn check_ended(
        &mut self,
        index: StepIndex,
        attempt: u32,
        end: AttemptEnd,
    ) -> Result<(), Unexpected> {
        let step = self.ended(index, Method::Check, attempt)?;
        let name = step.of.name.clone();
        match end {
            AttemptEnd::Succeeded(output) => self.record(Event::StepSucceeded { step: name, output })?,
            AttemptEnd::NothingDone => {
                let next = self.after_void_check(step);
                let fault = checked_fault(step);
                let cause = self.cause(step, &next, &fault);
                self.record(Event::CheckedVoid { step: name, next })?;
                self.turn_around(cause)?;
            }
            AttemptEnd::Unknown => {
                let next = self.after_failed_check(step, None);
                self.record(Event::CheckFailed { step: name, attempt, fault: None, next })?;
            }
            AttemptEnd::Failed(fault) => {
                let next = self.after_failed_check(step, Some(&fault));
                self.record(Event::CheckFailed { step: name, attempt, fault: Some(fault), next })?;
            }
        }
        Ok(())
    }

    /// What follows when nothing was done: a step that must succeed is called again.
    fn after_void_check(&self, step: Step<'_>) -> Next {
        match step.of.kind {
            StepKind::Retriable => {
                let attempts = step.record.attempts;
                let (counted, attempt) = (attempts.counted(), attempts.made);
                Next::RetryAt(self.retry_at(&step.of.name, &step.of.retry, counted, attempt, None))
            }
            StepKind::Compensatable | StepKind::Pivot | StepKind::ReadOnly => Next::Void,
        }
    }

    /// What follows when a check could not tell: it is asked again, unless the instance compensates meanwhile
    /// and the compensation can do without the answer.
    pub(super) fn after_failed_check(&self, step: Step<'_>, fault: Option<&FaultRecord>) -> CheckNext {
        if self.state.phase != Phase::Running && !step.of.compensation_needs_output() {
            return CheckNext::InDoubt;
        }
        let Some(check) = &step.of.check else { return CheckNext::Park(ParkReason::InDoubt) };
        let counted = step.record.checks.counted();
        if check.retry.allows_another(counted) {
            let attempt = step.record.checks.made;
            CheckNext::CheckAt(self.retry_at(&step.of.name, &check.retry, counted, attempt, fault))
        } else {
            CheckNext::Park(ParkReason::BudgetSpent)
        }
    }
}

/// The failure of a step whose check found that nothing was done: what its last attempt said, and that nothing
/// came of it.
fn checked_fault(step: Step<'_>) -> FaultRecord {
    let failure = step.record.failure.as_deref();
    let message = failure.map(|failure| failure.message.clone()).unwrap_or_default();
    FaultRecord {
        kind: FaultKind::NotDone,
        code: failure.and_then(|failure| failure.code.clone()),
        message,
        sources: Vec::new(),
        retry_after_ms: None,
    }
}
