//! One turn: an input goes in, events are decided one by one, each applied at once.

use std::time::Duration;

use super::clock::Clock;
use super::error::{Illegal, Unexpected};
use super::gate::Gate;
use super::input::{AttemptEnd, Input};
use super::state::{Phase, State, Step, Unit, UnitIndex};
use super::status::Method;
use super::window;
use crate::definition::Definition;
use crate::fault::FaultRecord;
use crate::id::{InstanceId, StepIndex, StepName};
use crate::journal::{Event, ParkReason, Payload};
use crate::retry::{RETRY_AFTER_MAX, RetryPolicy, jitter_seed};
use crate::time::Timestamp;

/// What is being decided.
pub(super) struct Turn<'m> {
    pub(super) definition: &'m Definition,
    pub(super) id: &'m InstanceId,
    pub(super) state: &'m mut State,
    pub(super) now: Timestamp,
    pub(super) gate: &'m mut dyn Gate,
    pub(super) events: Vec<Event>,
}

/// Whether an attempt started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It did, or something else was found out.
    Done,
    /// Its time has not come.
    NotYet,
    /// The gate has no room for another attempt of the step.
    NoRoom,
}

impl Turn<'_> {
    /// Decides everything that `input` makes true, and returns it.
    pub(super) fn take(mut self, input: Input) -> Result<Vec<Event>, Unexpected> {
        match input {
            Input::Proceed => {}
            Input::Answered { step, answer } => self.answered(step, answer)?,
            Input::Signal { step, id, payload } => self.signal(step, id, payload)?,
            Input::StepEnded { step, item, attempt, end } => {
                self.step_ended(UnitIndex { step, item }, attempt, end)?;
            }
            Input::CheckEnded { step, item, attempt, end } => {
                self.check_ended(UnitIndex { step, item }, attempt, end)?;
            }
            Input::CompensationEnded { step, item, attempt, end } => {
                self.compensation_ended(UnitIndex { step, item }, attempt, end)?;
            }
            Input::ClockChanged => self.clock_changed()?,
            Input::Recovered { loss } => self.recover(loss)?,
            Input::Park { step, item, reason, message } => {
                self.park(UnitIndex { step, item }, reason, message)?;
            }
            Input::Cancel { kind, who, message } => self.cancel(kind, who, message)?,
            Input::Resolve { target, decision, who, note } => {
                self.resolve(target, decision, &who, &note)?;
            }
        }
        if self.gate.is_open() {
            self.advance()?;
        }
        self.conclude()?;
        Ok(self.events)
    }

    /// Takes down that `event` happened.
    pub(super) fn record(&mut self, event: Event) -> Result<(), Illegal> {
        self.state.apply(self.definition, &event, self.now)?;
        self.events.push(event);
        Ok(())
    }

    /// Starts the next attempt of what is at `at` if it waits for that, its time has come, and nothing blocks
    /// the instance.
    pub(super) fn start_if_due(&mut self, at: UnitIndex) -> Result<Start, Illegal> {
        let Some(unit) = self.unit(at).filter(|_| !self.state.is_blocked()) else { return Ok(Start::NotYet) };
        match unit.record.status.waiting() {
            Some((method, until)) if self.clock().attempt_due(unit, method, until) > self.now => {
                Ok(Start::NotYet)
            }
            Some((Method::Attempt, _)) if window::is_forgotten(unit, self.clock()) => self.clear_up(at),
            Some((method, _)) => self.start(at, method),
            None => Ok(Start::NotYet),
        }
    }

    /// Starts the next attempt of `method` of what is at `at`.
    pub(super) fn start(&mut self, at: UnitIndex, method: Method) -> Result<Start, Illegal> {
        let Some(unit) = self.unit(at) else { return Ok(Start::NotYet) };
        let attempt = unit.record.tries(method).made.saturating_add(1);
        let (step, item) = (unit.of.name.clone(), at.item);
        let event = match method {
            Method::Attempt => {
                let is_limited = unit.of.max_running.is_some();
                if is_limited && !self.gate.may_start(at.step) {
                    return Ok(Start::NoRoom);
                }
                Event::StepStarted { step, item, attempt }
            }
            Method::Check if unit.of.check.is_none() => cannot_settle(unit),
            Method::Check => Event::CheckStarted { step, item, attempt },
            Method::Compensation => Event::CompensationStarted { step, item, attempt },
        };
        self.record(event)?;
        Ok(Start::Done)
    }

    /// What the time is.
    pub(super) fn clock(&self) -> Clock {
        self.state.clock(self.now)
    }

    /// The indexes of all steps, in the order of their declaration.
    pub(super) fn indexes(&self) -> impl DoubleEndedIterator<Item = StepIndex> + use<> {
        (0..self.state.steps.len()).filter_map(StepIndex::new)
    }

    /// The step at `index`.
    pub(super) fn step(&self, index: StepIndex) -> Option<Step<'_>> {
        self.state.step(self.definition, index)
    }

    /// What is called by itself at `at`.
    pub(super) fn unit(&self, at: UnitIndex) -> Option<Unit<'_>> {
        self.state.unit(self.definition, at)
    }

    /// What is called by itself at `at`, where an input says it is.
    ///
    /// # Errors
    /// [`Unexpected::NoStep`], [`Unexpected::NoItem`].
    pub(super) fn named(&self, at: UnitIndex) -> Result<Unit<'_>, Unexpected> {
        let step = self.step(at.step).ok_or(Unexpected::NoStep { index: at.step.get() })?;
        match at.item {
            None => Ok(step.own()),
            Some(item) => {
                step.item(item).ok_or_else(|| Unexpected::NoItem { step: step.of.name.clone(), item })
            }
        }
    }

    /// What is at `at`, of whose `method` attempt number `attempt` ended.
    ///
    /// # Errors
    /// [`Unexpected::NotRunning`] if that attempt is not under way, [`Unexpected::NoStep`],
    /// [`Unexpected::NoItem`].
    pub(super) fn ended(&self, at: UnitIndex, method: Method, attempt: u32) -> Result<Unit<'_>, Unexpected> {
        let unit = self.named(at)?;
        let record = unit.record;
        if record.status.running() == Some(method) && record.tries(method).made == attempt {
            Ok(unit)
        } else {
            Err(Unexpected::NotRunning { step: unit.of.name.clone(), attempt })
        }
    }

    /// When to try again after the `counted`th attempt of a budget, number `attempt` in all.
    pub(super) fn retry_at(
        &self,
        unit: Unit<'_>,
        policy: &RetryPolicy,
        counted: u32,
        attempt: u32,
        fault: Option<&FaultRecord>,
    ) -> Timestamp {
        let asked = fault
            .and_then(|fault| fault.retry_after_ms)
            .map(|asked| Duration::from_millis(asked).min(RETRY_AFTER_MAX));
        let seed = || match unit.at.item {
            None => jitter_seed(self.id.as_str(), unit.of.name.as_str(), attempt),
            Some(item) => jitter_seed(self.id.as_str(), &format!("{}/{item}", unit.of.name), attempt),
        };
        self.now.plus(asked.unwrap_or_else(|| policy.delay(counted, seed())))
    }

    /// Starts what may start; nothing while the instance is blocked.
    fn advance(&mut self) -> Result<(), Illegal> {
        self.watch_deadline()?;
        if self.state.phase == Phase::Running {
            self.advance_forward()?;
        }
        // Going forward may have led to the decision.
        if self.state.phase == Phase::Compensating {
            self.advance_compensating()?;
        }
        Ok(())
    }

    /// Ends the instance if nothing is left to do.
    fn conclude(&mut self) -> Result<(), Illegal> {
        if self.state.is_blocked() {
            return Ok(());
        }
        match self.state.phase {
            Phase::Running if self.state.all_done() => self.record(Event::Completed),
            Phase::Compensating if self.state.all_quiet(self.definition) => self.record(Event::Compensated),
            Phase::Running | Phase::Compensating | Phase::Completed | Phase::Compensated => Ok(()),
        }
    }
}

/// Nothing can tell any more what became of a call: a deployment took the check away, or its service may have
/// forgotten it. A person has to see it.
pub(super) fn cannot_settle(unit: Unit<'_>) -> Event {
    let message = match unit.of.idempotent {
        true => "its outcome is unknown, and its service may have forgotten the call",
        false => "its outcome is unknown, and there is no check any more to ask",
    };
    Event::Parked {
        step: unit.of.name.clone(),
        item: unit.at.item,
        reason: ParkReason::InDoubt,
        message: message.to_owned(),
    }
}

/// How an attempt of a step or of a compensation can end; only a check has other answers.
pub(super) fn plain(step: &StepName, end: AttemptEnd) -> Result<Result<Payload, FaultRecord>, Unexpected> {
    match end {
        AttemptEnd::Succeeded(output) => Ok(Ok(output)),
        AttemptEnd::Failed(fault) => Ok(Err(fault)),
        AttemptEnd::NothingDone | AttemptEnd::Unknown => Err(Unexpected::NoAnswer { step: step.clone() }),
    }
}
