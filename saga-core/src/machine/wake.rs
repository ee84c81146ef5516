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
        let deadline = self.next_deadline();
        if state.phase.is_terminal() || state.is_blocked() {
            return deadline;
        }
        let parked = state.has_parked();
        let steps = state.steps(self.definition());
        let wakes = steps.filter_map(|step| {
            let since = step.record.own.since;
            let preparation = preparing_until(step).map(|until| self.clock().due(since, until));
            let preparation = preparation.filter(|at| !parked && self.is_yet_to_start(*at));
            let own = self.wake_of(step.own());
            preparation.into_iter().chain(own).chain(self.wake_of_items(step)).min()
        });
        wakes.chain(deadline).min()
    }

    /// The deadline, until it has turned the instance around, or told that a person should look.
    fn next_deadline(&self) -> Option<Timestamp> {
        let (definition, clock) = (self.definition(), self.clock());
        let cutting = self.state().cutting_deadline(definition, clock).filter(|at| self.is_yet_to_start(*at));
        let telling = self.state().telling_deadline(definition, clock).filter(|at| *at > clock.now.at);
        cutting.or(telling)
    }

    /// When the next attempt of `unit` is due, if it waits for that.
    fn wake_of(&self, unit: Unit<'_>) -> Option<Timestamp> {
        let clock = self.clock();
        let at = match unit.record.status.waiting() {
            Some((method, until)) => {
                let due = clock.attempt_due(unit, method, until);
                let check = unit.of.check.as_ref().filter(|_| method == Method::Attempt);
                match check.filter(|_| window::is_forgotten(unit, clock)) {
                    // A call that may not be repeated is checked instead, once no request can be travelling.
                    Some(check) => due.max(clock.arrived(unit, check)),
                    None => due,
                }
            }
            None if self.state().phase == Phase::Compensating && unit.is_to_settle() => {
                match settling(unit, clock) {
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
        let settled = || items.to_settle().find_map(|(_, item)| self.wake_of(step.item(item)?));
        let compensating = self.state().phase == Phase::Compensating;
        let settled = compensating.then(settled).flatten();
        // Where what waits may be due at another time than it was to wait for, each has to be looked at.
        let forgets = step.of.idempotent_within.is_some() && step.of.check.is_some();
        let waiting = if forgets || self.clock().moves_waits() {
            items.waiting().filter_map(|item| self.wake_of(step.item(item)?)).min()
        } else {
            items.waiting_after(self.started_until()).next()
        };
        waiting.into_iter().chain(settled).min()
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
