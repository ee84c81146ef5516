//! The decision to compensate, and compensations.

use super::Facts;
use crate::definition::StepKind;
use crate::journal::CompensationNext;
use crate::machine::status::{Activity, StepStatus};

/// What the decision to compensate makes of a step. What is under way ends as it ends; what waited forward
/// never goes on, so it is void or in doubt by what its attempts left behind.
pub(super) fn decided(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    if facts.compensating {
        return None;
    }
    match facts.kind {
        StepKind::Compensatable | StepKind::ReadOnly => {}
        // Nobody compensates around a pivot that may have been done.
        StepKind::Pivot | StepKind::Retriable => {
            return (status.is_ahead() || status == StepStatus::Void).then(|| given_up(status));
        }
    }
    match status {
        // A child is not an attempt of this process: nobody awaits it, it is cancelled or reverted.
        StepStatus::Attempt(Activity::Running) if facts.is_child => Some(StepStatus::InDoubt),
        StepStatus::Attempt(Activity::Running)
        | StepStatus::Check(Activity::Running)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt => Some(status),
        StepStatus::Pending | StepStatus::Preparing(_) => Some(given_up(status)),
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

/// What has begun and was never called is void; what has not begun stays so.
const fn given_up(status: StepStatus) -> StepStatus {
    match status {
        StepStatus::Preparing(_) => StepStatus::Void,
        StepStatus::Pending
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => status,
    }
}

pub(super) fn started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let has_compensation = match facts.kind {
        StepKind::Compensatable => true,
        StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => false,
    };
    let legal = match status {
        StepStatus::Succeeded | StepStatus::Compensation(Activity::Waiting { .. }) => true,
        StepStatus::InDoubt => !facts.needs_output,
        StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Void
        | StepStatus::Compensation(Activity::Running | Activity::Parked { .. })
        | StepStatus::Compensated => false,
    };
    (legal && has_compensation && facts.compensating).then_some(StepStatus::Compensation(Activity::Running))
}

pub(super) fn after(next: &CompensationNext) -> StepStatus {
    StepStatus::Compensation(match *next {
        CompensationNext::RetryAt(until) => Activity::Waiting { until },
        CompensationNext::Park(reason) => Activity::Parked { reason },
    })
}
