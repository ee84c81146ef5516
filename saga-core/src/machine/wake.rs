//! When an instance goes on by itself.

use super::compensate::{Settling, settling};
use super::decide::Machine;
use super::state::{Phase, Step, Unit};
use super::status::{Method, Preparation, StepStatus};
use super::window;
use crate::time::Timestamp;

impl Machine {
    /// The earliest time that anything waits for. [`Input::Proceed`](super::Input::Proceed) is due then.
    ///
    /// What was due when the machine was last asked with its gate open, and did not start, waits for something
    /// else: for room, or for another attempt to end.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let state = self.state();
        let deadline = state.cutting_deadline(self.definition()).filter(|at| self.is_yet_to_start(*at));
        if state.phase.is_terminal() || state.is_blocked() {
            return deadline;
        }
        let parked = state.has_parked();
        let steps = state.steps(self.definition());
        let wakes = steps.filter_map(|step| {
            let preparation = preparing_until(step).filter(|at| !parked && self.is_yet_to_start(*at));
            let own = self.wake_of(step.own());
            preparation.into_iter().chain(own).chain(self.wake_of_items(step)).min()
        });
        wakes.chain(deadline).min()
    }

    /// When the next attempt of `unit` is due, if it waits for that.
    fn wake_of(&self, unit: Unit<'_>) -> Option<Timestamp> {
        let at = match unit.record.status.waiting() {
            // A call that may not be repeated any more is checked instead, once no request can be travelling.
            Some((Method::Attempt, until)) if window::is_forgotten(unit, self.moment()) => {
                let check = unit.of.check.as_ref()?;
                until.max(unit.record.ended_at.plus(check.after))
            }
            Some((_, until)) => until,
            None if self.state().phase == Phase::Compensating && unit.is_to_settle() => {
                match settling(unit, self.moment()) {
                    Settling::Check(at) => at,
                    Settling::Call | Settling::Impossible => return None,
                }
            }
            None => return None,
        };
        self.is_yet_to_start(at).then_some(at)
    }

    fn wake_of_items(&self, step: Step<'_>) -> Option<Timestamp> {
        let items = step.record.items.as_ref()?;
        let waiting = items.waiting_after(self.started_until()).next();
        let settled = || items.to_settle().find_map(|(_, item)| self.wake_of(step.item(item)?));
        // Only what may not be repeated any more can have been due and still wait for a time.
        let forgotten = || items.waiting().filter_map(|item| self.wake_of(step.item(item)?)).min();
        let forgets = step.of.idempotent_within.is_some() && step.of.check.is_some();
        let compensating = self.state().phase == Phase::Compensating;
        waiting
            .into_iter()
            .chain(compensating.then(settled).flatten())
            .chain(forgets.then(forgotten).flatten())
            .min()
    }

    /// Whether what is due at `at` has neither started nor waits for room.
    fn is_yet_to_start(&self, at: Timestamp) -> bool {
        self.started_until().is_none_or(|until| until < at)
    }
}

/// Until when `step` waits before its first attempt.
fn preparing_until(step: Step<'_>) -> Option<Timestamp> {
    match step.record.own.status {
        StepStatus::Preparing(Preparation::Delayed { until }) => Some(until),
        StepStatus::Preparing(Preparation::Awaiting { until }) => until,
        StepStatus::Preparing(Preparation::ConditionHeld | Preparation::Missed { .. })
        | StepStatus::Pending
        | StepStatus::Skipped
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
