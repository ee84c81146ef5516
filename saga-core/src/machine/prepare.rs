//! What comes before the first attempt of a step, in this order: its condition is asked, it is delayed, its
//! message is awaited, its items are listed. Each is taken down once.

use std::time::Duration;

use super::clock::Clock;
use super::error::Illegal;
use super::input::Question;
use super::state::{State, Step};
use super::status::{Method, Preparation, StepStatus};
use super::turn::{Start, Turn};
use crate::definition::{Definition, SignalDefinition, StepSet};
use crate::id::StepIndex;
use crate::journal::Event;

/// What comes next towards the first attempt of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Nothing now.
    Nothing,
    /// A pure method has to be asked.
    Ask(Question),
    /// It waits this long.
    Delay(Duration),
    /// It waits for its message.
    Await(SignalDefinition),
    /// Its message did not come in time.
    Miss,
    /// The attempt.
    Begin,
}

impl Turn<'_> {
    /// Brings the step at `index` as far as it comes, to its first attempt if it can. `done` has the steps that
    /// are done.
    pub(super) fn go_on(&mut self, index: StepIndex, done: StepSet) -> Result<(), Illegal> {
        while let Some(step) = self.step(index).filter(|_| !self.state.has_parked()) {
            let name = step.of.name.clone();
            match ahead(step, done, self.clock()) {
                Ahead::Nothing | Ahead::Ask(_) => return Ok(()),
                Ahead::Delay(delay) => {
                    self.record(Event::StepDelayed { step: name, until: self.now.plus(delay) })?;
                }
                Ahead::Await(signal) => {
                    let until = signal.within.map(|within| self.now.plus(within));
                    self.record(Event::SignalAwaited { step: name, until })?;
                }
                Ahead::Miss => return self.miss_signal(index),
                Ahead::Begin => {
                    let at = step.own().at;
                    let (Start::Done | Start::NotYet | Start::NoRoom) = self.start(at, Method::Attempt)?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl State {
    /// What has to be asked before a step goes on now, if the instance goes forward.
    pub(super) fn question(&self, definition: &Definition, clock: Clock) -> Option<Question> {
        if self.phase != super::state::Phase::Running || self.has_parked() {
            return None;
        }
        let done = self.done(definition);
        self.steps(definition).find_map(|step| match ahead(step, done, clock) {
            Ahead::Ask(question) => Some(question),
            Ahead::Nothing | Ahead::Delay(_) | Ahead::Await(_) | Ahead::Miss | Ahead::Begin => None,
        })
    }
}

/// What comes next towards the first attempt of `step`, when the instance goes forward and nothing is parked.
pub(super) fn ahead(step: Step<'_>, done: StepSet, clock: Clock) -> Ahead {
    let is_over = |until| clock.is_over(step.record.own.since, until);
    match step.record.own.status {
        StepStatus::Pending if !step.of.after.is_subset(done) => Ahead::Nothing,
        StepStatus::Pending if step.of.conditional => Ahead::Ask(Question::Condition(step.index)),
        StepStatus::Pending | StepStatus::Preparing(Preparation::ConditionHeld) => {
            step.of.delay.map_or_else(|| after_delay(step), Ahead::Delay)
        }
        StepStatus::Preparing(Preparation::Delayed { until }) if is_over(until) => after_delay(step),
        StepStatus::Preparing(Preparation::Awaiting { until: Some(until) }) if is_over(until) => Ahead::Miss,
        StepStatus::Preparing(
            Preparation::Delayed { .. } | Preparation::Awaiting { .. } | Preparation::Missed { .. },
        )
        | StepStatus::Skipped
        | StepStatus::Items
        | StepStatus::Attempt(_)
        | StepStatus::Check(_)
        | StepStatus::Succeeded
        | StepStatus::Void
        | StepStatus::InDoubt
        | StepStatus::Compensation(_)
        | StepStatus::Compensated => Ahead::Nothing,
    }
}

/// What comes next once `step` waits for no time.
fn after_delay(step: Step<'_>) -> Ahead {
    match step.of.signal {
        Some(signal) if !step.record.received => Ahead::Await(signal),
        Some(_) | None if step.of.fan_out.is_some() => Ahead::Ask(Question::Items(step.index)),
        Some(_) | None => Ahead::Begin,
    }
}
