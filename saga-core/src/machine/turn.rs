//! One turn: an input goes in, events are decided one by one, each applied at once.

use std::time::Duration;

use super::error::{Illegal, Unexpected};
use super::input::{AttemptEnd, Input, Pace};
use super::state::{Phase, State, Step};
use super::status::Method;
use crate::definition::Definition;
use crate::fault::FaultRecord;
use crate::id::{InstanceId, StepIndex, StepName};
use crate::journal::{Event, ParkReason, Payload};
use crate::retry::{RetryPolicy, jitter_seed};
use crate::time::Timestamp;

/// What is being decided.
pub(super) struct Turn<'m> {
    pub(super) definition: &'m Definition,
    pub(super) id: &'m InstanceId,
    pub(super) state: &'m mut State,
    pub(super) now: Timestamp,
    events: Vec<Event>,
}

impl<'m> Turn<'m> {
    pub(super) fn new(
        definition: &'m Definition,
        id: &'m InstanceId,
        state: &'m mut State,
        now: Timestamp,
    ) -> Self {
        Self { definition, id, state, now, events: Vec::new() }
    }

    /// Decides everything that `input` makes true, and returns it.
    pub(super) fn take(mut self, input: Input, pace: Pace) -> Result<Vec<Event>, Unexpected> {
        match input {
            Input::Proceed => {}
            Input::StepEnded { step, attempt, end } => self.step_ended(step, attempt, end)?,
            Input::CheckEnded { step, attempt, end } => self.check_ended(step, attempt, end)?,
            Input::CompensationEnded { step, attempt, end } => self.compensation_ended(step, attempt, end)?,
            Input::Recovered => self.recover()?,
            Input::Park { step, reason, message } => self.park(step, reason, message)?,
            Input::Retry { who, note } => self.retry(&who, &note)?,
        }
        match pace {
            Pace::Go => self.advance()?,
            Pace::Hold => {}
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

    /// The indexes of all steps, in the order of their declaration.
    pub(super) fn indexes(&self) -> impl DoubleEndedIterator<Item = StepIndex> + use<> {
        (0..self.state.steps.len()).filter_map(StepIndex::new)
    }

    /// The step at `index`.
    pub(super) fn step(&self, index: StepIndex) -> Option<Step<'_>> {
        self.state.step(self.definition, index)
    }

    /// The step at `index`, of whose `method` attempt number `attempt` ended.
    ///
    /// # Errors
    /// [`Unexpected::NotRunning`] if that attempt is not under way, [`Unexpected::NoStep`].
    pub(super) fn ended(
        &self,
        index: StepIndex,
        method: Method,
        attempt: u32,
    ) -> Result<Step<'_>, Unexpected> {
        let step = self.step(index).ok_or(Unexpected::NoStep { index: index.get() })?;
        let record = step.record;
        if record.status.running() == Some(method) && record.tries(method).made == attempt {
            Ok(step)
        } else {
            Err(Unexpected::NotRunning { step: step.of.name.clone(), attempt })
        }
    }

    /// When to try again after the `counted`th attempt of a budget, number `attempt` in all.
    pub(super) fn retry_at(
        &self,
        step: &StepName,
        policy: &RetryPolicy,
        counted: u32,
        attempt: u32,
        fault: Option<&FaultRecord>,
    ) -> Timestamp {
        let asked = fault.and_then(|fault| fault.retry_after_ms).map(Duration::from_millis);
        let delay = asked
            .unwrap_or_else(|| policy.delay(counted, jitter_seed(self.id.as_str(), step.as_str(), attempt)));
        self.now.plus(delay)
    }

    /// Starts what may start; nothing while the instance is blocked.
    fn advance(&mut self) -> Result<(), Illegal> {
        match self.state.phase {
            Phase::Running => self.advance_forward(),
            Phase::Compensating => self.advance_compensating(),
            Phase::Completed | Phase::Compensated => Ok(()),
        }
    }

    /// Ends the instance if nothing is left to do.
    fn conclude(&mut self) -> Result<(), Illegal> {
        if self.state.is_blocked() {
            return Ok(());
        }
        match self.state.phase {
            Phase::Running if self.state.all_succeeded() => self.record(Event::Completed),
            Phase::Compensating if self.state.all_quiet(self.definition) => self.record(Event::Compensated),
            Phase::Running | Phase::Compensating | Phase::Completed | Phase::Compensated => Ok(()),
        }
    }

    /// Starts the next attempt of the step at `index` if it waits for that, its time has come, and nothing
    /// blocks the instance.
    pub(super) fn start_if_due(&mut self, index: StepIndex) -> Result<(), Illegal> {
        let waiting = self.step(index).and_then(|step| step.record.status.waiting());
        match waiting {
            Some((method, until)) if until <= self.now && !self.state.is_blocked() => {
                self.start(index, method)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Starts the next attempt of `method` of the step at `index`.
    pub(super) fn start(&mut self, index: StepIndex, method: Method) -> Result<(), Illegal> {
        let Some(step) = self.step(index) else { return Ok(()) };
        let attempt = step.record.tries(method).made.saturating_add(1);
        let name = step.of.name.clone();
        let lacks_check = step.of.check.is_none();
        self.record(match method {
            Method::Attempt => Event::StepStarted { step: name, attempt },
            Method::Check if lacks_check => no_check(name),
            Method::Check => Event::CheckStarted { step: name, attempt },
            Method::Compensation => Event::CompensationStarted { step: name, attempt },
        })
    }
}

/// A deployment took the check away that a step in doubt waits for. Only another one can help, so a person has
/// to see it.
pub(super) fn no_check(step: StepName) -> Event {
    let message = "its outcome is unknown, and there is no check any more to ask".to_owned();
    Event::Parked { step, reason: ParkReason::InDoubt, message }
}

/// How an attempt of a step or of a compensation can end; only a check has other answers.
pub(super) fn plain(step: &StepName, end: AttemptEnd) -> Result<Result<Payload, FaultRecord>, Unexpected> {
    match end {
        AttemptEnd::Succeeded(output) => Ok(Ok(output)),
        AttemptEnd::Failed(fault) => Ok(Err(fault)),
        AttemptEnd::NothingDone | AttemptEnd::Unknown => Err(Unexpected::NoAnswer { step: step.clone() }),
    }
}
