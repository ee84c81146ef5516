//! What comes before the first attempt of a step: its condition is asked, it is delayed, it waits for its
//! message, its items are listed. All of it is forward, so none of it follows the decision to compensate.

use super::Facts;
use crate::journal::Next;
use crate::machine::status::{Preparation, StepStatus};
use crate::time::Timestamp;

/// The status of a step whose condition holds.
pub(super) const HELD: StepStatus = StepStatus::Preparing(Preparation::ConditionHeld);

/// Its condition was asked, and `then` follows from the answer.
pub(super) fn answered(status: StepStatus, facts: Facts, then: StepStatus) -> Option<StepStatus> {
    (status == StepStatus::Pending && facts.asks && !facts.compensating).then_some(then)
}

/// Once, before it waits for anything else.
pub(super) fn delayed(status: StepStatus, facts: Facts, until: Timestamp) -> Option<StepStatus> {
    let legal = (status == StepStatus::Pending && !facts.asks) || status == HELD;
    (legal && !facts.compensating).then_some(StepStatus::Preparing(Preparation::Delayed { until }))
}

pub(super) fn awaited(status: StepStatus, facts: Facts, until: Option<Timestamp>) -> Option<StepStatus> {
    (is_prepared_so_far(status, facts) && facts.lacks_signal)
        .then_some(StepStatus::Preparing(Preparation::Awaiting { until }))
}

/// The first message counts, whether it is awaited, comes early, or comes when the step is parked since it had
/// not come. It never ends a delay.
pub(super) fn received(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    if !facts.lacks_signal || facts.compensating {
        return None;
    }
    match status {
        StepStatus::Preparing(Preparation::Awaiting { .. }) => {
            Some(StepStatus::Preparing(Preparation::Delayed { until: facts.at }))
        }
        StepStatus::Pending
        | StepStatus::Preparing(
            Preparation::ConditionHeld | Preparation::Delayed { .. } | Preparation::Missed { .. },
        ) => Some(status),
        StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => None,
    }
}

pub(super) fn missed(status: StepStatus, next: &Next) -> Option<StepStatus> {
    let StepStatus::Preparing(Preparation::Awaiting { until: Some(_) }) = status else { return None };
    match *next {
        Next::Void => Some(StepStatus::Void),
        Next::Park(reason) => Some(StepStatus::Preparing(Preparation::Missed { reason })),
        Next::RetryAt(_) | Next::InDoubt | Next::CheckAt(_) => None,
    }
}

pub(super) fn listed(status: StepStatus, facts: Facts) -> Option<StepStatus> {
    (is_prepared_so_far(status, facts) && facts.lists && !facts.lacks_signal).then_some(StepStatus::Items)
}

/// Whether its own first attempt may start.
pub(super) fn is_prepared(status: StepStatus, facts: Facts) -> bool {
    is_prepared_so_far(status, facts) && !facts.lists && !facts.lacks_signal
}

/// Whether nothing is left to ask or to delay.
fn is_prepared_so_far(status: StepStatus, facts: Facts) -> bool {
    let prepared = match status {
        StepStatus::Pending => !facts.asks,
        StepStatus::Preparing(Preparation::ConditionHeld | Preparation::Delayed { .. }) => true,
        StepStatus::Preparing(Preparation::Awaiting { .. } | Preparation::Missed { .. })
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    };
    prepared && !facts.compensating
}

/// A message that did not come is awaited again, for as long as before.
pub(super) fn retried(preparation: Preparation, facts: Facts) -> Option<StepStatus> {
    match preparation {
        Preparation::Missed { .. } => Some(StepStatus::Preparing(Preparation::Delayed { until: facts.at })),
        Preparation::ConditionHeld | Preparation::Delayed { .. } | Preparation::Awaiting { .. } => {
            facts.block.is_some().then_some(StepStatus::Preparing(preparation))
        }
    }
}
