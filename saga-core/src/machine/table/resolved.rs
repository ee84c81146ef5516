//! What a person's decision makes of what is parked.

use super::{Facts, preparing};
use crate::definition::StepKind;
use crate::journal::{ParkReason, ResolutionKind};
use crate::machine::status::{Activity, StepStatus};

pub(super) fn resolved(status: StepStatus, facts: Facts, how: ResolutionKind) -> Option<StepStatus> {
    match how {
        ResolutionKind::Retry => retried(status, facts),
        ResolutionKind::Skip => can_be_skipped(status, facts).then_some(StepStatus::Compensated),
        // Its success is told by the event that follows.
        ResolutionKind::Succeeded => can_have_succeeded(status, facts).then_some(status),
        ResolutionKind::Void => voided(status, facts),
    }
}

/// What was parked may go on at once. A step that was only blocked stays what it is.
fn retried(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let at_once = Activity::Waiting { until: facts.at };
    match status {
        StepStatus::Preparing(preparation) => preparing::retried(preparation, facts),
        StepStatus::Attempt(Activity::Parked { .. }) => Some(StepStatus::Attempt(at_once)),
        StepStatus::Check(Activity::Parked { .. }) => Some(StepStatus::Check(at_once)),
        StepStatus::Compensation(Activity::Parked { .. }) => Some(StepStatus::Compensation(at_once)),
        StepStatus::Attempt(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Check(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Compensation(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Pending
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensated => facts.block.is_some().then_some(status),
    }
}

/// A compensation can be given up, and so can what has to come before it.
fn can_be_skipped(status: StepStatus, facts: Facts) -> bool {
    // Nobody here is calling a child: it is an instance of its own.
    let is_given_up_on = status == StepStatus::Compensation(Activity::Running) && facts.is_child;
    let can_be_left = is_parked(status, facts) || (is_given_up_on && facts.block.is_some());
    can_be_left && facts.compensating && facts.kind == StepKind::Compensatable
}

/// Somebody may know of what is in doubt that it was done; of what is not taken back any more, whatever keeps it,
/// that it is done now.
fn can_have_succeeded(status: StepStatus, facts: Facts) -> bool {
    if is_parked(status, facts) && facts.doubt {
        return true;
    }
    let is_to_be_done = match status {
        StepStatus::Pending | StepStatus::Preparing(_) => facts.block.is_some() || status.parked().is_some(),
        StepStatus::Attempt(Activity::Parked { .. }) | StepStatus::Check(Activity::Parked { .. }) => true,
        StepStatus::Attempt(Activity::Waiting { .. }) | StepStatus::Check(Activity::Waiting { .. }) => {
            facts.block.is_some()
        }
        StepStatus::Attempt(Activity::Running)
        | StepStatus::Check(Activity::Running)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    // A list of items has no output but theirs.
    is_to_be_done && facts.only_forward && !facts.compensating && !facts.lists
}

/// Of what is in doubt somebody may know that it was not done.
fn voided(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    if !is_parked(status, facts) || !facts.doubt {
        return None;
    }
    match facts.kind {
        StepKind::Retriable if !facts.compensating => {
            Some(StepStatus::Attempt(Activity::Waiting { until: facts.at }))
        }
        StepKind::Compensatable | StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => {
            Some(StepStatus::Void)
        }
    }
}

/// Whether something called is parked, and by nothing else than what became of its calls: what is blocked since a
/// value cannot be read is, whoever knows what.
fn is_parked(status: StepStatus, facts: Facts) -> bool {
    let nothing_tells = facts.block == Some(ParkReason::InDoubt);
    match status {
        StepStatus::Attempt(Activity::Parked { .. })
        | StepStatus::Check(Activity::Parked { .. })
        | StepStatus::Compensation(Activity::Parked { .. }) => facts.block.is_none() || nothing_tells,
        StepStatus::Attempt(Activity::Waiting { .. })
        | StepStatus::Check(Activity::Waiting { .. })
        | StepStatus::InDoubt => nothing_tells,
        StepStatus::Attempt(Activity::Running)
        | StepStatus::Check(Activity::Running)
        | StepStatus::Compensation(Activity::Running | Activity::Waiting { .. })
        | StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::Compensated => false,
    }
}
