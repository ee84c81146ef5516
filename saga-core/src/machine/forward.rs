//! Going forward: steps start when those before them are done, and failed attempts are tried again, given up,
//! or turn the instance around.

use super::error::{Illegal, Unexpected};
use super::state::{Phase, Step};
use super::status::Method;
use super::turn::{Turn, plain};
use crate::definition::StepKind;
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepIndex;
use crate::journal::{Cause, Event, FailureKind, Next, ParkReason};
use crate::retry::RetryPolicy;

impl Turn<'_> {
    /// An attempt of a step ended.
    pub(super) fn step_ended(
        &mut self,
        index: StepIndex,
        attempt: u32,
        end: super::AttemptEnd,
    ) -> Result<(), Unexpected> {
        let step = self.ended(index, Method::Attempt, attempt)?;
        let name = step.of.name.clone();
        match plain(&name, end)? {
            Ok(output) => self.record(Event::StepSucceeded { step: name, output })?,
            Err(fault) => {
                let next = self.after_failure(step, &fault);
                let cause = self.cause(step, &next, &fault);
                self.record(Event::AttemptFailed { step: name, attempt, fault, next })?;
                self.turn_around(cause)?;
            }
        }
        Ok(())
    }

    /// Starts what may start forward.
    pub(super) fn advance_forward(&mut self) -> Result<(), Illegal> {
        let succeeded = self.state.succeeded(self.definition);
        for index in self.indexes() {
            self.start_if_due(index)?;
            let may_begin = !self.state.has_parked();
            if may_begin && self.step(index).is_some_and(|step| step.is_to_begin(succeeded)) {
                self.start(index, Method::Attempt)?;
            }
        }
        Ok(())
    }

    /// What follows a failed attempt.
    pub(super) fn after_failure(&self, step: Step<'_>, fault: &FaultRecord) -> Next {
        match self.state.phase {
            Phase::Running => self.after_forward_failure(step, fault),
            Phase::Compensating | Phase::Completed | Phase::Compensated => {
                self.after_late_failure(step, fault)
            }
        }
    }

    /// The decision that follows from `next`, if one does: the step's failure is the instance's.
    pub(super) fn cause(&self, step: Step<'_>, next: &Next, fault: &FaultRecord) -> Option<Cause> {
        let fails = match next {
            Next::Void | Next::InDoubt => true,
            Next::RetryAt(_) | Next::CheckAt(_) | Next::Park(_) => false,
        };
        (fails && self.state.phase == Phase::Running).then(|| Cause {
            step: Some(step.of.name.clone()),
            kind: match fault.kind {
                FaultKind::Rejected => FailureKind::Rejected,
                FaultKind::NotDone => FailureKind::NotDone,
                FaultKind::InDoubt => FailureKind::InDoubt,
            },
            code: fault.code.clone(),
            message: fault.message.clone(),
            attempts: step.record.attempts.made,
        })
    }

    /// Decides to compensate, if there is a cause.
    pub(super) fn turn_around(&mut self, cause: Option<Cause>) -> Result<(), Illegal> {
        match cause {
            Some(cause) => self.record(Event::CompensationDecided { cause }),
            None => Ok(()),
        }
    }

    fn after_forward_failure(&self, step: Step<'_>, fault: &FaultRecord) -> Next {
        let after_pivot = self.definition.is_after_pivot(step.index);
        let in_doubt = fault.kind == FaultKind::InDoubt;
        let policy = forward_policy(step, after_pivot, in_doubt);
        let counted = step.record.attempts.counted();
        let again = policy.allows_another(counted).then(|| {
            let attempt = step.record.attempts.made;
            Next::RetryAt(self.retry_at(&step.of.name, &policy, counted, attempt, Some(fault)))
        });
        let nothing_done = if after_pivot { Next::Park(ParkReason::BudgetSpent) } else { Next::Void };
        match fault.kind {
            FaultKind::Rejected if after_pivot => Next::Park(ParkReason::Refused),
            FaultKind::Rejected => self.refused(step),
            FaultKind::NotDone => {
                again.unwrap_or_else(|| if step.record.doubt { self.unanswered(step) } else { nothing_done })
            }
            FaultKind::InDoubt if step.of.kind == StepKind::ReadOnly => again.unwrap_or(nothing_done),
            FaultKind::InDoubt if step.of.is_repeatable() => again.unwrap_or_else(|| self.unanswered(step)),
            FaultKind::InDoubt => self.unanswered(step),
        }
    }
}

/// How often and when a step is called again while the instance goes forward.
pub(super) fn forward_policy(step: Step<'_>, after_pivot: bool, in_doubt: bool) -> RetryPolicy {
    let in_doubt = in_doubt || step.record.doubt;
    let persists = match step.of.kind {
        StepKind::Compensatable => false,
        // Nobody compensates around a pivot that may have been done, and nobody goes back from behind it: the
        // call is repeated until it tells.
        StepKind::Pivot | StepKind::Retriable => in_doubt && step.of.idempotent,
        StepKind::ReadOnly => false,
    };
    // A step that says nothing of its own has the policy that its place asks for.
    let says_nothing = step.of.retry == RetryPolicy::FORWARD;
    if says_nothing && (persists || after_pivot) {
        RetryPolicy::PERSISTENT
    } else if persists {
        step.of.retry.clone().unlimited()
    } else {
        step.of.retry.clone()
    }
}
