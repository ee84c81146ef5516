//! What an instance looks like from outside.

use super::decide::Machine;
use super::forward::forward_policy;
use super::items::ATTENTION_AFTER;
use super::shown::shown_step;
use super::state::{Phase, Step, Unit};
use super::status::Method;
use crate::journal::{InstanceState, Progress};
use crate::outcome::{Failure, Parked, Status, StepStatus as Shown};

impl Machine {
    /// The instance's state: parked if something is parked and nothing runs or goes on by itself.
    pub fn instance_state(&self) -> InstanceState {
        self.state().shown
    }

    /// What stores keep of it beside the journal. `due` is left empty: leaving memory is not decided here.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::new(self.instance_state(), self.state().since);
        progress.needs_attention = self.needs_attention();
        if progress.state == InstanceState::Parked
            && let Some(unit) = self.parked_units().next()
        {
            progress.step = Some(unit.of.name.clone());
            progress.reason = unit.record.block.as_ref().map(|block| block.reason);
            progress.reason = progress.reason.or(unit.record.status.parked());
            progress.attempts = attempts_parked(unit);
        }
        progress
    }

    /// Whether an attempt of anything is under way in this process. Children are instances of their own.
    pub fn has_attempts_running(&self) -> bool {
        self.state().is_running(self.definition())
    }

    /// Where the instance and its steps stand.
    pub fn status(&self) -> Status {
        let shown = |step: Step<'_>| {
            let items = step.record.items.as_ref();
            let attempts = items.map_or(step.record.own.attempts.made, |items| items.attempts());
            Shown::new(step.of.name.clone(), shown_step(step, self.state().phase), attempts)
        };
        let steps = self.state().steps(self.definition()).map(shown).collect();
        Status::new(self.instance_state(), self.needs_attention(), steps)
    }

    /// Whether a person should look: something that is tried without limit has failed so often in a row, or the
    /// deadline had passed by the last input, and it was too late to turn around. The latter makes no event, so look
    /// again after the [`Proceed`](super::Input::Proceed) for which [`next_wake`](Self::next_wake) names the time.
    pub fn needs_attention(&self) -> bool {
        if self.state().phase.is_terminal() {
            return false;
        }
        let state = self.state();
        state.steps(self.definition()).any(|step| self.step_needs_attention(step)) || self.is_overdue()
    }

    /// Why the instance compensates, once that is decided.
    pub fn failure(&self) -> Option<Failure> {
        let mut failure = Failure::from(self.state().cause.as_ref()?);
        let steps = self.state().steps(self.definition());
        let skipped = steps.filter(|step| step.is_left_standing());
        failure.skipped = skipped.map(|step| step.of.name.clone()).collect();
        Some(failure)
    }

    /// The first parked step in the order of their declaration.
    pub fn parked(&self) -> Option<Parked> {
        self.parked_all().next()
    }

    /// All parked steps and items, in the order of their declaration and of the items.
    pub fn parked_all(&self) -> impl Iterator<Item = Parked> + '_ {
        self.parked_units().filter_map(parked)
    }

    fn parked_units(&self) -> impl Iterator<Item = Unit<'_>> {
        self.state().steps(self.definition()).flat_map(Step::parked)
    }

    /// Whether the deadline has passed when it was too late to turn around.
    fn is_overdue(&self) -> bool {
        let deadline = self.state().telling_deadline(self.definition(), self.clock());
        deadline.is_some_and(|at| at <= self.clock().now.at)
    }

    fn step_needs_attention(&self, step: Step<'_>) -> bool {
        let failing = |method| {
            let items = step.record.items.as_ref();
            step.record.own.failing(ATTENTION_AFTER) == Some(method)
                || items.is_some_and(|items| items.failing(method) > 0)
        };
        [Method::Attempt, Method::Check, Method::Compensation]
            .into_iter()
            .any(|method| failing(method) && self.is_unlimited(step.own(), method))
    }

    /// Whether `method` of `unit` is tried without limit, as things stand.
    fn is_unlimited(&self, unit: Unit<'_>, method: Method) -> bool {
        let compensation = || unit.of.compensation.as_ref().map(|of| of.retry.attempts_max);
        let attempts_max = match method {
            Method::Attempt if self.state().phase == Phase::Compensating => compensation(),
            Method::Attempt => Some(forward_policy(unit, false, self.clock()).attempts_max),
            Method::Check => unit.of.check.as_ref().map(|of| of.retry.attempts_max),
            Method::Compensation => compensation(),
        };
        attempts_max == Some(None)
    }
}

/// Why `unit` is parked, if it is.
fn parked(unit: Unit<'_>) -> Option<Parked> {
    let record = unit.record;
    let (reason, message, since) = match (&record.block, record.status.parked()) {
        (Some(block), _) => (block.reason, block.message.clone(), block.since),
        (None, Some(reason)) => {
            (reason, record.message.as_deref().unwrap_or_default().to_owned(), record.since.at)
        }
        (None, None) => return None,
    };
    Some(Parked {
        step: unit.of.name.clone(),
        item: unit.at.item,
        reason,
        message,
        attempts: attempts_parked(unit),
        since: since.into(),
    })
}

/// The attempts that were made of what is parked.
fn attempts_parked(unit: Unit<'_>) -> u32 {
    let is_parked = unit.record.status.parked().is_some();
    let calling = unit.record.status.calling().filter(|_| is_parked);
    unit.record.tries(calling.map_or(Method::Attempt, |(method, _)| method)).made
}
