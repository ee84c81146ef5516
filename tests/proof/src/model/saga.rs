//! The sagas that are gone through, each with what may happen to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use saga_core::definition::{
    CheckDefinition, CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind,
};
use saga_core::retry::RetryPolicy;

use super::clock::{DEADLINE, wait_of};
use super::promise::Seen;
use super::services::Flaw;

/// A model: a saga, and what may happen to it.
#[derive(Debug, Clone)]
pub(crate) struct Saga {
    pub(super) name: &'static str,
    pub(super) definition: Arc<Definition>,
    /// How many faults there may be.
    pub(super) faults: u8,
    /// How often the client may cancel the instance.
    pub(super) cancels: u8,
    /// How often somebody may say that what is parked is to be tried again.
    pub(super) resolves: u8,
    /// Whether a message may come.
    pub(super) has_signal: bool,
    pub(super) has_deadline: bool,
    pub(super) flaw: Option<Flaw>,
    /// What has to happen in it.
    pub(super) expected: Vec<Seen>,
    pub(super) counts: Arc<Counts>,
}

/// What is counted while a model is gone through. It is kept beside the states, so that it makes no two of one.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    seen: AtomicU64,
    /// What the checker was told of.
    told: AtomicU64,
    faults: AtomicU64,
    deaths: AtomicU64,
}

impl Counts {
    /// Something happens that has to happen somewhere.
    pub(super) fn saw(&self, seen: Seen) {
        // Most of the time it is not the first time: reading is cheaper than writing.
        if !self.has_seen(seen) {
            self.seen.fetch_or(seen.bit(), Ordering::Relaxed);
        }
    }

    fn has_seen(&self, seen: Seen) -> bool {
        self.seen.load(Ordering::Relaxed) & seen.bit() != 0
    }

    /// Whether that has happened and the checker was not told yet: it would write it down anew in each state.
    pub(super) fn has_news_of(&self, seen: Seen) -> bool {
        let is_told = self.told.load(Ordering::Relaxed) & seen.bit() != 0;
        !is_told && self.has_seen(seen) && {
            let told = self.told.fetch_or(seen.bit(), Ordering::Relaxed);
            told & seen.bit() == 0
        }
    }

    pub(super) fn fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn death(&self) {
        self.deaths.fetch_add(1, Ordering::Relaxed);
    }

    /// How many steps from one state to another had a fault.
    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// In how many states a worker died.
    pub(super) fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }
}

/// What has to happen in every model.
const EVERYWHERE: [Seen; 13] = [
    Seen::StaleRefused,
    Seen::DeadRefused,
    Seen::DeadLanded,
    Seen::StaleCalled,
    Seen::StaleEffectCompensated,
    Seen::StoppedWhenLost,
    Seen::CompensatedAfterDoubt,
    Seen::LateRefused,
    Seen::CompletedAfterCrash,
    Seen::CompensatedAfterCrash,
    Seen::RecoveredAttempt,
    Seen::RecoveredCompensation,
    Seen::TriedAgain,
];

impl Saga {
    fn new(name: &'static str, steps: Vec<StepDefinition>, faults: u8) -> Self {
        let output = steps.len() - 1;
        let definition = Arc::new(Definition::new(name, 1, steps, output));
        Self {
            name,
            definition,
            faults,
            cancels: 0,
            resolves: 0,
            has_signal: false,
            has_deadline: false,
            flaw: None,
            expected: EVERYWHERE.to_vec(),
            counts: Arc::default(),
        }
    }

    fn expecting(mut self, more: impl IntoIterator<Item = Seen>) -> Self {
        self.expected.extend(more);
        self
    }

    fn cancelled(mut self) -> Self {
        self.cancels = 1;
        self
    }

    fn resolved(mut self) -> Self {
        self.resolves = 1;
        self
    }

    fn signalled(mut self) -> Self {
        self.has_signal = true;
        self
    }

    fn with_deadline(mut self) -> Self {
        self.has_deadline = true;
        self.definition = Arc::new(Definition::clone(&self.definition).deadline(DEADLINE));
        self
    }

    /// All models.
    pub(super) fn all() -> Vec<Self> {
        vec![two(), settled(), checked(), pivot(), tail(), branches(), signal(), cancel(), deadline()]
    }

    /// Whether something is not as it should be.
    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The same with so many faults.
    pub(super) fn with_faults(mut self, faults: u8) -> Self {
        self.faults = faults;
        self
    }
}

/// What is tried again `attempts` times in all, each time as long after the last.
fn retry(step: usize, attempts: u32) -> RetryPolicy {
    let policy = RetryPolicy::FORWARD.initial(wait_of(step)).factor(1.0).jitter(false);
    policy.attempts(attempts)
}

fn step(at: usize, name: &str, output: OutputUse) -> StepDefinition {
    let compensation = CompensationDefinition::new("compensate", output).retry(retry(at, 3));
    let step = StepDefinition::new(name, StepKind::Compensatable).retry(retry(at, 2));
    follow(at, step.compensation(compensation))
}

fn other(at: usize, name: &str, kind: StepKind) -> StepDefinition {
    let step = StepDefinition::new(name, kind).retry(retry(at, 2)).retry_in_doubt(retry(at, 9));
    follow(at, step)
}

fn check(at: usize) -> CheckDefinition {
    CheckDefinition::new("check").after(wait_of(at)).retry(retry(at, 3))
}

/// After the one before it.
fn follow(at: usize, step: StepDefinition) -> StepDefinition {
    if at == 0 { step } else { step.after(&[at - 1]) }
}

/// Two steps whose doubt is compensated.
pub(super) fn two() -> Saga {
    let steps = vec![step(0, "a", OutputUse::Unused), step(1, "b", OutputUse::Optional)];
    Saga::new("two", steps, 4).expecting([Seen::RecoveredWait])
}

/// Compensations that need outputs, so that what is in doubt is called again after the decision.
fn settled() -> Saga {
    let a = step(0, "a", OutputUse::Required).idempotent();
    let steps = vec![a, step(1, "b", OutputUse::Required).idempotent()];
    Saga::new("settled", steps, 3).cancelled().expecting([
        Seen::Settled,
        Seen::Cancelled,
        Seen::RecoveredWait,
    ])
}

/// A step whose doubt is cleared up by a check.
fn checked() -> Saga {
    let a = step(0, "a", OutputUse::Required).check(check(0));
    let steps = vec![a, step(1, "b", OutputUse::Unused)];
    Saga::new("checked", steps, 4).expecting([
        Seen::CheckedDone,
        Seen::CheckedVoid,
        Seen::RecoveredCheck,
        Seen::RecoveredWait,
    ])
}

/// A pivot, and what must succeed after it.
fn pivot() -> Saga {
    let p = other(1, "b", StepKind::Pivot).idempotent();
    let r = other(2, "c", StepKind::Retriable).idempotent();
    Saga::new("pivot", vec![step(0, "a", OutputUse::Unused), p, r], 3).cancelled().resolved().expecting([
        Seen::PivotPassed,
        Seen::PastPivot,
        Seen::Cancelled,
        Seen::Parked,
        Seen::Resolved,
        Seen::RecoveredParked,
        Seen::CrashLoop,
    ])
}

/// A pivot whose doubt is cleared up by a check, and after it what has no effect and what is delayed.
fn tail() -> Saga {
    let p = other(1, "b", StepKind::Pivot).check(check(1));
    let r = other(3, "d", StepKind::Retriable).idempotent().delay(wait_of(3));
    let steps = vec![step(0, "a", OutputUse::Unused), p, other(2, "c", StepKind::ReadOnly), r];
    Saga::new("tail", steps, 3).expecting([
        Seen::PivotPassed,
        Seen::CheckedDone,
        Seen::CheckedVoid,
        Seen::RecoveredCheck,
        Seen::RecoveredWait,
        Seen::Parked,
    ])
}

/// Two steps side by side, and one after both.
fn branches() -> Saga {
    let steps = vec![
        step(0, "a", OutputUse::Unused),
        step(1, "b", OutputUse::Required).idempotent().after(&[]),
        step(2, "c", OutputUse::Unused).after(&[0, 1]),
    ];
    Saga::new("branches", steps, 3).expecting([Seen::Together, Seen::SideBySide, Seen::Settled])
}

/// A step that waits for a message.
fn signal() -> Saga {
    let b = step(1, "b", OutputUse::Unused).signal(Some(wait_of(1)));
    Saga::new("signal", vec![step(0, "a", OutputUse::Unused), b], 3).signalled().expecting([
        Seen::Signalled,
        Seen::SignalEarly,
        Seen::SignalMissed,
        Seen::RecoveredSignal,
    ])
}

/// The client cancels, and perhaps once more.
fn cancel() -> Saga {
    let steps = vec![step(0, "a", OutputUse::Unused), step(1, "b", OutputUse::Required).check(check(1))];
    let saga = Saga::new("cancel", steps, 3).cancelled();
    Saga { cancels: 2, ..saga }.expecting([Seen::Cancelled])
}

/// A deadline passes.
fn deadline() -> Saga {
    let a = step(0, "a", OutputUse::Unused).idempotent();
    let steps = vec![a, step(1, "b", OutputUse::Required).idempotent()];
    Saga::new("deadline", steps, 3).with_deadline().expecting([
        Seen::Deadline,
        Seen::Settled,
        Seen::RefusedFirst,
    ])
}
