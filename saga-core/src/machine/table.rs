//! The table of legal transitions: what an event makes of a step. There is no other.

use super::status::{Activity, StepStatus};
use crate::definition::StepKind;
use crate::journal::{CheckNext, CompensationNext, Event, Next, ResolutionKind};
use crate::time::Timestamp;

/// What the table has to know of a step beside its status. All of it is shape or fold, none of it policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// What becomes of the step's effect when the saga fails.
    pub(super) kind: StepKind,
    /// Whether its compensation cannot run without its output.
    pub(super) needs_output: bool,
    /// Whether the decision to compensate has been taken.
    pub(super) compensating: bool,
    /// Whether an attempt of it was in doubt, and nothing has told since.
    pub(super) doubt: bool,
    /// Whether its check was asked in this doubt.
    pub(super) checked: bool,
    /// Whether the instance is parked at it beside its status.
    pub(super) blocked: bool,
    /// When the event happened.
    pub(super) at: Timestamp,
}

/// The status of a step in `status` after `event`; `None` if the event is not legal there.
pub(super) fn next_status(status: StepStatus, facts: Facts, event: &Event) -> Option<StepStatus> {
    match event {
        Event::SagaStarted { .. } => None,
        Event::StepStarted { .. } => step_started(status, facts),
        Event::StepSucceeded { .. } => match status {
            StepStatus::Attempt(Activity::Running) | StepStatus::Check(Activity::Running) => {
                Some(StepStatus::Succeeded)
            }
            StepStatus::Attempt(Activity::Waiting { .. } | Activity::Parked { .. })
            | StepStatus::Check(Activity::Waiting { .. } | Activity::Parked { .. })
            | StepStatus::Pending
            | StepStatus::Succeeded
            | StepStatus::Void
            | StepStatus::InDoubt
            | StepStatus::Compensation(_)
            | StepStatus::Compensated => None,
        },
        Event::AttemptFailed { next, .. } | Event::AttemptLost { next, .. } => {
            (status == StepStatus::Attempt(Activity::Running)).then(|| after_attempt(next, facts))?
        }
        Event::CheckStarted { .. } => check_started(status, facts),
        Event::CheckedVoid { next, .. } => {
            (status == StepStatus::Check(Activity::Running)).then(|| after_void_check(next))?
        }
        Event::CheckFailed { next, .. } => {
            (status == StepStatus::Check(Activity::Running)).then(|| after_check(next, facts))?
        }
        Event::CompensationDecided { .. } => decided(status, facts),
        Event::CompensationStarted { .. } => compensation_started(status, facts),
        Event::CompensationSucceeded { .. } => {
            (status == StepStatus::Compensation(Activity::Running)).then_some(StepStatus::Compensated)
        }
        Event::CompensationFailed { next, .. } => {
            (status == StepStatus::Compensation(Activity::Running)).then(|| after_compensation(next))
        }
        Event::Parked { .. } => Some(status),
        Event::Resolved { how: ResolutionKind::Retry, .. } => retried(status, facts),
        Event::Completed => (status == StepStatus::Succeeded && !facts.compensating).then_some(status),
        Event::Compensated => (is_quiet(status, facts.kind) && facts.compensating).then_some(status),
    }
}

/// Whether a step of `kind` in `status` has no effect that is left to compensate, and will have none. What is
/// pending when the instance compensates never begins.
pub(super) const fn is_quiet(status: StepStatus, kind: StepKind) -> bool {
    match status {
        StepStatus::Pending | StepStatus::Void | StepStatus::Compensated => true,
        StepStatus::Succeeded => match kind {
            StepKind::ReadOnly => true,
            StepKind::Compensatable | StepKind::Pivot | StepKind::Retriable => false,
        },
        StepStatus::Attempt(_) | StepStatus::Check(_) | StepStatus::InDoubt | StepStatus::Compensation(_) => {
            false
        }
    }
}

/// A step starts forward; after the decision only to settle what is in doubt.
fn step_started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let legal = match status {
        StepStatus::Pending => !facts.compensating,
        StepStatus::Attempt(Activity::Waiting { .. }) => !facts.compensating || facts.needs_output,
        StepStatus::InDoubt => facts.compensating && facts.needs_output,
        StepStatus::Attempt(Activity::Running | Activity::Parked { .. })
        | StepStatus::Check(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    legal.then_some(StepStatus::Attempt(Activity::Running))
}

/// After the decision nothing waits or parks forward but what has to be settled.
fn after_attempt(next: &Next, facts: Facts) -> Option<StepStatus> {
    let goes_on = !facts.compensating || facts.needs_output;
    match *next {
        Next::RetryAt(until) => goes_on.then_some(StepStatus::Attempt(Activity::Waiting { until })),
        Next::Void => Some(StepStatus::Void),
        Next::InDoubt => in_doubt(facts),
        Next::CheckAt(until) => goes_on.then_some(StepStatus::Check(Activity::Waiting { until })),
        Next::Park(reason) => goes_on.then_some(StepStatus::Attempt(Activity::Parked { reason })),
    }
}

/// Only what has a compensation can be left in doubt.
fn in_doubt(facts: Facts) -> Option<StepStatus> {
    match facts.kind {
        StepKind::Compensatable => Some(StepStatus::InDoubt),
        StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => None,
    }
}

fn check_started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let legal = match status {
        StepStatus::Check(Activity::Waiting { .. }) => !facts.compensating || facts.needs_output,
        StepStatus::InDoubt => facts.compensating && facts.needs_output,
        StepStatus::Check(Activity::Running | Activity::Parked { .. })
        | StepStatus::Pending
        | StepStatus::Attempt(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    legal.then_some(StepStatus::Check(Activity::Running))
}

fn after_void_check(next: &Next) -> Option<StepStatus> {
    match *next {
        Next::Void => Some(StepStatus::Void),
        Next::RetryAt(until) => Some(StepStatus::Attempt(Activity::Waiting { until })),
        Next::InDoubt | Next::CheckAt(_) | Next::Park(_) => None,
    }
}

fn after_check(next: &CheckNext, facts: Facts) -> Option<StepStatus> {
    let goes_on = !facts.compensating || facts.needs_output;
    match *next {
        CheckNext::CheckAt(until) => goes_on.then_some(StepStatus::Check(Activity::Waiting { until })),
        CheckNext::InDoubt => in_doubt(facts),
        CheckNext::Park(reason) => goes_on.then_some(StepStatus::Check(Activity::Parked { reason })),
    }
}

/// What the decision to compensate makes of a step. What is under way ends as it ends; what waited forward
/// never goes on, so it is void or in doubt by what its attempts left behind.
fn decided(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    if facts.compensating {
        return None;
    }
    match facts.kind {
        StepKind::Compensatable | StepKind::ReadOnly => {}
        // Nobody compensates around a pivot that may have been done.
        StepKind::Pivot | StepKind::Retriable => {
            return matches!(status, StepStatus::Pending | StepStatus::Void).then_some(status);
        }
    }
    match status {
        StepStatus::Pending
        | StepStatus::Attempt(Activity::Running)
        | StepStatus::Check(Activity::Running)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt => Some(status),
        StepStatus::Attempt(Activity::Waiting { .. } | Activity::Parked { .. }) => {
            Some(if facts.doubt { StepStatus::InDoubt } else { StepStatus::Void })
        }
        // The first check waits for requests that may still be travelling, so it keeps its time. Later ones
        // wait for nothing but a backoff, and the decision ends that.
        StepStatus::Check(Activity::Waiting { until }) if facts.needs_output => {
            let until = if facts.checked { until.min(facts.at) } else { until };
            Some(StepStatus::Check(Activity::Waiting { until }))
        }
        StepStatus::Check(Activity::Waiting { .. } | Activity::Parked { .. }) => Some(StepStatus::InDoubt),
        StepStatus::Compensation(_) | StepStatus::Compensated => None,
    }
}

fn compensation_started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let has_compensation = match facts.kind {
        StepKind::Compensatable => true,
        StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => false,
    };
    let legal = match status {
        StepStatus::Succeeded | StepStatus::Compensation(Activity::Waiting { .. }) => true,
        StepStatus::InDoubt => !facts.needs_output,
        StepStatus::Pending
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Void
        | StepStatus::Compensation(Activity::Running | Activity::Parked { .. })
        | StepStatus::Compensated => false,
    };
    (legal && has_compensation && facts.compensating).then_some(StepStatus::Compensation(Activity::Running))
}

fn after_compensation(next: &CompensationNext) -> StepStatus {
    StepStatus::Compensation(match *next {
        CompensationNext::RetryAt(until) => Activity::Waiting { until },
        CompensationNext::Park(reason) => Activity::Parked { reason },
    })
}

/// What was parked may go on at once. A step that was only blocked stays what it is.
fn retried(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let at_once = Activity::Waiting { until: facts.at };
    match status {
        StepStatus::Attempt(Activity::Parked { .. }) => Some(StepStatus::Attempt(at_once)),
        StepStatus::Check(Activity::Parked { .. }) => Some(StepStatus::Check(at_once)),
        StepStatus::Compensation(Activity::Parked { .. }) => Some(StepStatus::Compensation(at_once)),
        StepStatus::Attempt(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Check(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Compensation(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Pending
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensated => facts.blocked.then_some(status),
    }
}
