//! The attempts of a step and of its check: forward, or after the decision to learn what became of a call.

use super::{Facts, preparing};
use crate::definition::StepKind;
use crate::journal::{CheckNext, Next};
use crate::machine::status::{Activity, StepStatus};

/// A step starts forward; after the decision only to settle what is in doubt.
pub(super) fn started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let legal = match status {
        StepStatus::Pending | StepStatus::Preparing(_) => preparing::is_prepared(status, facts),
        StepStatus::Attempt(Activity::Waiting { .. }) => !facts.compensating || facts.needs_output,
        StepStatus::InDoubt => facts.compensating && facts.needs_output,
        StepStatus::Attempt(Activity::Running | Activity::Parked { .. })
        | StepStatus::Check(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    legal.then_some(StepStatus::Attempt(Activity::Running))
}

pub(super) fn succeeded(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let has_ended = match status {
        StepStatus::Attempt(Activity::Running) | StepStatus::Check(Activity::Running) => true,
        StepStatus::Attempt(Activity::Waiting { .. } | Activity::Parked { .. })
        | StepStatus::Check(Activity::Waiting { .. } | Activity::Parked { .. })
        | StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    (has_ended || facts.vouched).then_some(StepStatus::Succeeded)
}

/// After the decision nothing waits or parks forward but what has to be settled.
pub(super) fn after_attempt(next: &Next, facts: Facts) -> Option<StepStatus> {
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

/// A check is asked after a failure, to settle, or in place of a call that must not be repeated any more.
pub(super) fn check_started(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    let legal = match status {
        StepStatus::Check(Activity::Waiting { .. }) => !facts.compensating || facts.needs_output,
        StepStatus::Attempt(Activity::Waiting { .. }) => {
            facts.doubt && (!facts.compensating || facts.needs_output)
        }
        StepStatus::InDoubt => facts.compensating && facts.needs_output,
        StepStatus::Check(Activity::Running | Activity::Parked { .. })
        | StepStatus::Attempt(Activity::Running | Activity::Parked { .. })
        | StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    legal.then_some(StepStatus::Check(Activity::Running))
}

pub(super) fn after_void_check(next: &Next, facts: Facts) -> Option<StepStatus> {
    match *next {
        Next::Void => Some(StepStatus::Void),
        Next::RetryAt(until) => Some(StepStatus::Attempt(Activity::Waiting { until })),
        Next::Park(reason) => {
            (!facts.compensating).then_some(StepStatus::Attempt(Activity::Parked { reason }))
        }
        Next::InDoubt | Next::CheckAt(_) => None,
    }
}

pub(super) fn after_check(next: &CheckNext, facts: Facts) -> Option<StepStatus> {
    let goes_on = !facts.compensating || facts.needs_output;
    match *next {
        CheckNext::CheckAt(until) => goes_on.then_some(StepStatus::Check(Activity::Waiting { until })),
        CheckNext::InDoubt => in_doubt(facts),
        CheckNext::Park(reason) => goes_on.then_some(StepStatus::Check(Activity::Parked { reason })),
    }
}
