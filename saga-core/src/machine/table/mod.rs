//! The table of legal transitions: what an event makes of a step, or of an item of one. There is no other.

mod compensating;
mod forward;
mod preparing;
mod resolved;

use super::status::{Activity, StepStatus};
use crate::definition::StepKind;
use crate::journal::{Event, ParkReason};
use crate::time::Timestamp;

/// What the table has to know of a step beside its status. All of it is shape or fold, none of it policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// What becomes of the step's effect when the saga fails.
    pub(super) kind: StepKind,
    /// Whether a condition decides if it runs at all. An item has none.
    pub(super) asks: bool,
    /// Whether it is called for its items and not by itself. An item is not.
    pub(super) lists: bool,
    /// Whether it takes a message and has received none. An item takes none.
    pub(super) lacks_signal: bool,
    /// Whether it is a child: an instance of its own.
    pub(super) is_child: bool,
    /// Whether its compensation cannot run without its output.
    pub(super) needs_output: bool,
    /// Whether the decision to compensate has been taken.
    pub(super) compensating: bool,
    /// Whether an attempt of it was in doubt, and nothing has told since.
    pub(super) doubt: bool,
    /// Whether its check was asked in this doubt.
    pub(super) checked: bool,
    /// Why the instance is parked at it beside its status, if it is.
    pub(super) block: Option<ParkReason>,
    /// Whether a person said that it succeeded, and has yet to say with which output.
    pub(super) vouched: bool,
    /// Whether it is the pivot, or comes after it.
    pub(super) only_forward: bool,
    /// When the event happened.
    pub(super) at: Timestamp,
}

/// The status of a step in `status` after `event`; `None` if the event is not legal there.
pub(super) fn next_status(status: StepStatus, facts: Facts, event: &Event) -> Option<StepStatus> {
    match event {
        Event::SagaStarted { .. } => None,
        Event::StepSkipped { .. } => preparing::answered(status, facts, StepStatus::Skipped),
        Event::ConditionHeld { .. } => preparing::answered(status, facts, preparing::HELD),
        Event::StepDelayed { until, .. } => preparing::delayed(status, facts, *until),
        Event::SignalAwaited { until, .. } => preparing::awaited(status, facts, *until),
        Event::SignalReceived { .. } => preparing::received(status, facts),
        Event::SignalMissed { next, .. } => preparing::missed(status, next),
        Event::ItemsListed { .. } => preparing::listed(status, facts),
        Event::StepStarted { .. } => forward::started(status, facts),
        Event::StepSucceeded { .. } => forward::succeeded(status, facts),
        Event::AttemptFailed { next, .. } | Event::AttemptLost { next, .. } => {
            (status == StepStatus::Attempt(Activity::Running)).then(|| forward::after_attempt(next, facts))?
        }
        Event::CheckStarted { .. } => forward::check_started(status, facts),
        Event::CheckedVoid { next, .. } => (status == StepStatus::Check(Activity::Running))
            .then(|| forward::after_void_check(next, facts))?,
        Event::CheckFailed { next, .. } => {
            (status == StepStatus::Check(Activity::Running)).then(|| forward::after_check(next, facts))?
        }
        Event::CompensationDecided { .. } => compensating::decided(status, facts),
        Event::CompensationStarted { .. } => compensating::started(status, facts),
        Event::CompensationSucceeded { .. } => {
            (status == StepStatus::Compensation(Activity::Running)).then_some(StepStatus::Compensated)
        }
        Event::CompensationFailed { next, .. } => {
            (status == StepStatus::Compensation(Activity::Running)).then(|| compensating::after(next))
        }
        Event::ClockChanged | Event::Parked { .. } => Some(status),
        Event::Resolved { how, .. } => resolved::resolved(status, facts, *how),
        Event::Completed => (is_done(status) && !facts.compensating).then_some(status),
        Event::Compensated => (is_quiet(status, facts.kind) && facts.compensating).then_some(status),
    }
}

/// Whether a step in `status` is done, so that those after it may begin. Where it runs item by item, they say.
pub(super) const fn is_done(status: StepStatus) -> bool {
    match status {
        StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Items => true,
        StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => false,
    }
}

/// Whether a step of `kind` in `status` has no effect that is left to compensate, and will have none. What is
/// pending when the instance compensates never begins. Where it runs item by item, they say.
pub(super) const fn is_quiet(status: StepStatus, kind: StepKind) -> bool {
    match status {
        StepStatus::Pending
        | StepStatus::Preparing(_)
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Void
        | StepStatus::Compensated => true,
        StepStatus::Succeeded => match kind {
            StepKind::ReadOnly => true,
            StepKind::Compensatable | StepKind::Pivot | StepKind::Retriable => false,
        },
        StepStatus::Attempt(_) | StepStatus::Check(_) | StepStatus::InDoubt | StepStatus::Compensation(_) => {
            false
        }
    }
}
