//! What an instance looks like from outside.

use super::compensate::{Settling, settling};
use super::decide::Machine;
use super::forward::forward_policy;
use super::state::{Phase, Step};
use super::status::{Activity, Method, StepStatus};
use crate::journal::{InstanceState, Progress};
use crate::outcome::{Failure, Parked, Status, StepState, StepStatus as Shown};
use crate::time::Timestamp;

/// After so many failed attempts in a row, of something that is tried without limit, a person should look.
const ATTENTION_AFTER: u32 = 10;

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
            && let Some(step) = self.first_parked()
        {
            progress.step = Some(step.of.name.clone());
            progress.reason = step.record.block.as_ref().map(|block| block.reason);
            progress.reason = progress.reason.or(step.record.status.parked().map(|(_, reason)| reason));
            progress.attempts = attempts_parked(step);
        }
        progress
    }

    /// The earliest time that anything waits for. [`Input::Proceed`](super::Input::Proceed) is due then.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let state = self.state();
        if state.phase.is_terminal() || state.is_blocked() {
            return None;
        }
        let wake = |step: Step<'_>| match step.record.status.waiting() {
            Some((_, until)) => Some(until),
            None if state.phase == Phase::Compensating && step.is_to_settle() => match settling(step) {
                Settling::Check(at) => Some(at),
                Settling::Call | Settling::Impossible => None,
            },
            None => None,
        };
        state.steps(self.definition()).filter_map(wake).min()
    }

    /// Whether an attempt of anything is under way.
    pub fn has_attempts_running(&self) -> bool {
        self.state().is_running()
    }

    /// Where the instance and its steps stand.
    pub fn status(&self) -> Status {
        let shown =
            |step: Step<'_>| Shown::new(step.of.name.clone(), shown_state(step), step.record.attempts.made);
        let steps = self.state().steps(self.definition()).map(shown).collect();
        Status::new(self.instance_state(), self.needs_attention(), steps)
    }

    /// Whether something that is tried without limit has failed so often in a row that a person should look.
    pub fn needs_attention(&self) -> bool {
        !self.state().phase.is_terminal()
            && self.state().steps(self.definition()).any(|step| self.step_needs_attention(step))
    }

    /// Why the instance compensates, once that is decided.
    pub fn failure(&self) -> Option<Failure> {
        self.state().cause.as_ref().map(Failure::from)
    }

    /// The first parked step in the order of their declaration.
    pub fn parked(&self) -> Option<Parked> {
        let step = self.first_parked()?;
        let record = step.record;
        let (reason, message, since) = match (&record.block, record.status.parked()) {
            (Some(block), _) => (block.reason, block.message.clone(), block.since),
            (None, Some((_, reason))) => {
                (reason, record.message.as_deref().unwrap_or_default().to_owned(), record.since)
            }
            (None, None) => return None,
        };
        Some(Parked {
            step: step.of.name.clone(),
            item: None,
            reason,
            message,
            attempts: attempts_parked(step),
            since: since.into(),
        })
    }

    fn first_parked(&self) -> Option<Step<'_>> {
        self.state().steps(self.definition()).find(|step| step.record.is_parked())
    }

    fn step_needs_attention(&self, step: Step<'_>) -> bool {
        let Some((method, activity)) = step.record.status.calling() else { return false };
        let under_way = match activity {
            Activity::Running => 1,
            Activity::Waiting { .. } => 0,
            Activity::Parked { .. } => return false,
        };
        let failed = step.record.tries(method).counted().saturating_sub(under_way);
        failed >= ATTENTION_AFTER && self.is_unlimited(step, method)
    }

    /// Whether `method` of `step` is tried without limit, as things stand.
    fn is_unlimited(&self, step: Step<'_>, method: Method) -> bool {
        let compensation = || step.of.compensation.as_ref().map(|of| of.retry.attempts_max);
        let attempts_max = match method {
            Method::Attempt if self.state().phase == Phase::Compensating => compensation(),
            Method::Attempt => {
                let after_pivot = self.definition().is_after_pivot(step.index);
                Some(forward_policy(step, after_pivot, false).attempts_max)
            }
            Method::Check => step.of.check.as_ref().map(|of| of.retry.attempts_max),
            Method::Compensation => compensation(),
        };
        attempts_max == Some(None)
    }
}

/// The attempts that were made of what is parked.
fn attempts_parked(step: Step<'_>) -> u32 {
    let method = step.record.status.parked().map_or(Method::Attempt, |(method, _)| method);
    step.record.tries(method).made
}

/// The state of a step as a person sees it.
fn shown_state(step: Step<'_>) -> StepState {
    let status = step.record.status;
    if step.record.block.is_some() && status.running().is_none() {
        return StepState::Parked;
    }
    match status {
        StepStatus::Attempt(Activity::Running) | StepStatus::Check(Activity::Running) => StepState::Running,
        StepStatus::Pending => StepState::Pending,
        StepStatus::Attempt(Activity::Waiting { .. }) => StepState::Waiting,
        StepStatus::Attempt(Activity::Parked { .. })
        | StepStatus::Check(Activity::Parked { .. })
        | StepStatus::Compensation(Activity::Parked { .. }) => StepState::Parked,
        StepStatus::Check(Activity::Waiting { .. }) | StepStatus::InDoubt => StepState::InDoubt,
        StepStatus::Succeeded => StepState::Succeeded,
        StepStatus::Void => StepState::Void,
        StepStatus::Compensation(Activity::Running | Activity::Waiting { .. }) => StepState::Compensating,
        StepStatus::Compensated => StepState::Compensated,
    }
}
