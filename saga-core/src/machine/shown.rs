//! The state of a step as a person sees it.

use super::items::Items;
use super::record::Record;
use super::state::{Phase, Step};
use super::status::{Activity, Preparation, StepStatus};
use crate::definition::StepDefinition;
use crate::outcome::StepState;

/// The states of items, what a person should rather see first.
const PRECEDENCE: [StepState; 10] = [
    StepState::Parked,
    StepState::Running,
    StepState::Compensating,
    StepState::Waiting,
    StepState::InDoubt,
    StepState::Succeeded,
    StepState::Compensated,
    StepState::Void,
    StepState::Skipped,
    StepState::Pending,
];

/// How many items are in each state, in the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Shown([u32; PRECEDENCE.len()]);

impl Shown {
    /// The number of items in `state`.
    pub(super) fn of(&mut self, state: StepState) -> Option<&mut u32> {
        let place = PRECEDENCE.iter().position(|shown| *shown == state)?;
        self.0.get_mut(place)
    }

    /// The state that is to be seen before the others.
    fn first(&self) -> Option<StepState> {
        PRECEDENCE.into_iter().zip(self.0).find(|(_, count)| *count > 0).map(|(state, _)| state)
    }
}

/// The state of a step; of one that fans out, that of the items that is most worth to be seen.
pub(super) fn shown_step(step: Step<'_>, phase: Phase) -> StepState {
    match &step.record.items {
        None => shown(&step.record.own, step.of),
        Some(_) if step.record.own.block.is_some() => StepState::Parked,
        Some(items) => shown_items(items, phase),
    }
}

fn shown_items(items: &Items, phase: Phase) -> StepState {
    match items.shown().first() {
        Some(StepState::Succeeded) if phase == Phase::Running && items.next().is_some() => StepState::Waiting,
        Some(state) => state,
        None => StepState::Succeeded,
    }
}

/// The state of a step that does not fan out, or of an item.
pub(super) fn shown(record: &Record, of: &StepDefinition) -> StepState {
    // What runs elsewhere is not what is to be seen of a child at which the instance is parked.
    let runs_here = record.status.running().is_some() && of.child.is_none();
    if record.block.is_some() && !runs_here {
        return StepState::Parked;
    }
    match record.status {
        StepStatus::Pending | StepStatus::Preparing(Preparation::ConditionHeld) => StepState::Pending,
        StepStatus::Attempt(Activity::Waiting { .. })
        | StepStatus::Preparing(Preparation::Delayed { .. } | Preparation::Awaiting { .. }) => {
            StepState::Waiting
        }
        StepStatus::Attempt(Activity::Parked { .. })
        | StepStatus::Check(Activity::Parked { .. })
        | StepStatus::Compensation(Activity::Parked { .. })
        | StepStatus::Preparing(Preparation::Missed { .. }) => StepState::Parked,
        StepStatus::Check(Activity::Waiting { .. }) | StepStatus::InDoubt => StepState::InDoubt,
        StepStatus::Succeeded | StepStatus::Items => StepState::Succeeded,
        StepStatus::Skipped => StepState::Skipped,
        StepStatus::Void => StepState::Void,
        StepStatus::Attempt(Activity::Running) | StepStatus::Check(Activity::Running) => StepState::Running,
        StepStatus::Compensation(Activity::Running | Activity::Waiting { .. }) => StepState::Compensating,
        StepStatus::Compensated => StepState::Compensated,
    }
}
