//! That nothing is tried again before its time (I10), and that what its policy gives up is parked (I13).

use std::time::Duration;

use sagas::__private::RetryPolicy;
use sagas::FaultKind;
use sagas::journal::{CheckNext, CompensationNext, Entry, Event, Next, ParkReason};
use sagas::store::Timestamp;

use super::Judge;
use crate::promise::Promise;
use crate::simulation::place::{Method, Slot, Who, step_of};

/// By how much times may differ that are rounded.
const ROUNDED: Duration = Duration::from_millis(1);

/// A clock that is set right by less has not gone back.
const SLACK: Duration = Duration::from_secs(1);

/// How often a compensation has failed since it was begun, or since a person had it tried again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    /// Those that were told.
    told: u32,
    /// Those with the ones that died with their process, of which not all count.
    all: u32,
}

impl Judge {
    /// An entry is to be added: it starts nothing whose time has not come.
    pub(super) fn pauses(&mut self, who: Who, entry: &Entry) {
        // Where a clock has gone back, what waits begins anew, and may have waited for long by then.
        if self.standing(who).last_at.is_some_and(|last| last.since(entry.at) > SLACK) {
            self.pauses.retain(|(slot, _), _| slot.who != who);
        }
        for event in &entry.events {
            // What is in doubt is settled at once.
            if matches!(event, Event::CompensationDecided { .. }) {
                self.pauses.retain(|(slot, _), _| slot.who != who);
            }
            if let Some(step) = event.step().and_then(|step| step_of(step.as_str())) {
                self.pause(Slot { who, step, item: event.item() }, event, entry.at);
            }
        }
    }

    fn pause(&mut self, slot: Slot, event: &Event, at: Timestamp) {
        match event {
            Event::AttemptFailed { next, .. }
            | Event::AttemptLost { next, .. }
            | Event::CheckedVoid { next, .. }
            | Event::SignalMissed { next, .. } => {
                let (method, until) = match next {
                    Next::RetryAt(until) => (Method::Step, until),
                    Next::CheckAt(until) => (Method::Check, until),
                    Next::Void | Next::InDoubt | Next::Park(_) => return,
                };
                self.pauses.insert((slot, method), *until);
            }
            Event::CheckFailed { next: CheckNext::CheckAt(until), .. } => {
                self.pauses.insert((slot, Method::Check), *until);
            }
            Event::CompensationFailed { fault, lost, next, .. } => {
                if let CompensationNext::RetryAt(until) = next {
                    self.pauses.insert((slot, Method::Compensation), *until);
                }
                let failures = self.failures.entry(slot).or_default();
                failures.all += 1;
                // What died with its process is tried again at once.
                if lost.is_none() {
                    failures.told += 1;
                    self.compensation_failed(slot, fault.kind, next, at);
                }
            }
            Event::StepStarted { attempt, .. } => self.starts(slot, Method::Step, *attempt, at),
            Event::CheckStarted { attempt, .. } => self.starts(slot, Method::Check, *attempt, at),
            Event::CompensationStarted { attempt, .. } => {
                self.starts(slot, Method::Compensation, *attempt, at);
            }
            Event::Resolved { .. } => {
                self.pauses.retain(|(paused, _), _| *paused != slot);
                self.failures.remove(&slot);
            }
            _ => {}
        }
    }

    fn starts(&mut self, slot: Slot, method: Method, attempt: u32, at: Timestamp) {
        if let Some(until) = self.pauses.remove(&(slot, method)).filter(|until| at < *until) {
            let early = until.since(at);
            self.breaks(Promise::I10, || {
                format!("{method} {slot} #{attempt} was tried again {early:?} before its pause was over")
            });
        }
    }

    /// A refused compensation parks, any other is tried again after the pause of its policy, as often as that says.
    fn compensation_failed(&mut self, slot: Slot, kind: FaultKind, next: &CompensationNext, at: Timestamp) {
        let Some(policy) = self.policy(slot) else { return };
        let Failures { told, all } = self.failures.get(&slot).copied().unwrap_or_default();
        let is_refused = kind == FaultKind::Rejected;
        match next {
            CompensationNext::RetryAt(_) if is_refused => {
                self.breaks(Promise::I13, || {
                    format!("the compensation of {slot} is refused, and not parked")
                });
            }
            CompensationNext::RetryAt(_) if !policy.allows_another(told) => {
                self.breaks(Promise::I13, || {
                    format!(
                        "the compensation of {slot} is tried again after its last attempt, and not parked"
                    )
                });
            }
            CompensationNext::RetryAt(until) => {
                let pause = until.since(at);
                if pause + ROUNDED < shortest(&policy, told) || longest(&policy, all) + ROUNDED < pause {
                    self.breaks(Promise::I10, || {
                        format!("the compensation of {slot} pauses for {pause:?}, which is not its policy")
                    });
                }
            }
            CompensationNext::Park(reason) => {
                let is_right = match reason {
                    ParkReason::Refused => is_refused,
                    ParkReason::BudgetSpent => !is_refused && !policy.allows_another(all),
                    _ => !is_refused,
                };
                if !is_right {
                    self.breaks(Promise::I13, || {
                        format!("the compensation of {slot} is parked as {reason:?}, and that is not so")
                    });
                }
            }
        }
    }

    /// The policy of a compensation.
    fn policy(&self, slot: Slot) -> Option<RetryPolicy> {
        let saga = self.family.named(self.journal(slot.who)?.saga.as_deref()?)?;
        let (_, step) = saga.steps().nth(usize::from(slot.step))?;
        step.compensation.as_ref().map(|compensation| compensation.retry.clone())
    }
}

/// The shortest pause after so many failures.
fn shortest(policy: &RetryPolicy, failures: u32) -> Duration {
    let longest = longest(policy, failures);
    if policy.jitter { longest / 2 } else { longest }
}

/// The longest pause after so many failures.
fn longest(policy: &RetryPolicy, failures: u32) -> Duration {
    let before = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
    let longest = policy.initial.as_secs_f64() * policy.factor.powi(before);
    Duration::from_secs_f64(longest.min(policy.max.as_secs_f64()))
}
