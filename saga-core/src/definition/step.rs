//! One step of a saga.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DEFAULT_TIMEOUT, StepSet};
use crate::id::{StepIndex, StepName};
use crate::retry::RetryPolicy;

/// One step of a [`Definition`](super::Definition).
#[derive(Debug, Clone, PartialEq)]
pub struct StepDefinition {
    /// Its name in the journal.
    pub name: StepName,
    /// What becomes of its effect when the saga fails.
    pub kind: StepKind,
    /// The steps it runs directly after.
    pub after: StepSet,
    /// Whether a repeated call with the same key has no further effect and answers what the first one did.
    pub idempotent: bool,
    /// What to do when the outcome of an attempt stays unknown.
    pub in_doubt: InDoubt,
    /// How often and when it is tried.
    pub retry: RetryPolicy,
    /// How often and when an idempotent pivot is tried once it is in doubt: nobody compensates around it.
    pub retry_in_doubt: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Its compensation; there is one exactly if its kind is compensatable.
    pub compensation: Option<CompensationDefinition>,
    /// Its check, if it has one.
    pub check: Option<CheckDefinition>,
    /// Whether a method decides if it runs at all.
    pub conditional: bool,
    /// Whether it runs once for each item of a list.
    pub fan_out: Option<FanOut>,
    /// Whether it waits for a message.
    pub signal: Option<SignalDefinition>,
    /// The saga that it is an instance of, by name, if it is a child.
    pub child: Option<Arc<str>>,
    /// How long it waits before its first attempt.
    pub delay: Option<Duration>,
    /// How long its service remembers idempotency keys; without it, for ever.
    pub idempotent_within: Option<Duration>,
    /// How many attempts of it one orchestrator runs at once.
    pub max_running: Option<NonZeroU32>,
}

/// How a step runs once for each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOut {
    /// How many items of one instance run at once.
    pub concurrency: NonZeroU32,
}

impl FanOut {
    /// The most items of one step: each has its own entries in the journal.
    pub const ITEMS_MAX: usize = 10_000;

    /// How many items run at once if nothing is said.
    pub const CONCURRENCY: u32 = 8;
}

impl Default for FanOut {
    fn default() -> Self {
        Self { concurrency: NonZeroU32::new(Self::CONCURRENCY).unwrap_or(NonZeroU32::MIN) }
    }
}

/// How a step waits for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalDefinition {
    /// How long it waits; without it, for ever.
    pub within: Option<Duration>,
}

impl StepDefinition {
    /// A step called `name` of `kind` that runs at once, with the policies of its kind.
    pub fn new(name: &str, kind: StepKind) -> Self {
        let retry = match kind {
            StepKind::Retriable => RetryPolicy::PERSISTENT,
            StepKind::Compensatable | StepKind::Pivot | StepKind::ReadOnly => RetryPolicy::FORWARD,
        };
        let in_doubt = match kind {
            StepKind::Compensatable | StepKind::ReadOnly => InDoubt::Compensate,
            StepKind::Pivot | StepKind::Retriable => InDoubt::Park,
        };
        Self {
            name: StepName::new(name),
            kind,
            after: StepSet::default(),
            idempotent: false,
            in_doubt,
            retry,
            retry_in_doubt: RetryPolicy::PERSISTENT,
            timeout: DEFAULT_TIMEOUT,
            compensation: None,
            check: None,
            conditional: false,
            fan_out: None,
            signal: None,
            child: None,
            delay: None,
            idempotent_within: None,
            max_running: None,
        }
    }

    /// The same, running after the steps at `indexes`.
    #[must_use]
    pub fn after(mut self, indexes: &[usize]) -> Self {
        self.after = indexes.iter().copied().filter_map(StepIndex::new).collect();
        self
    }

    /// The same with the promise of `idempotent`.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this policy for a pivot in doubt.
    #[must_use]
    pub fn retry_in_doubt(mut self, retry: RetryPolicy) -> Self {
        self.retry_in_doubt = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same, parking when its outcome stays unknown.
    #[must_use]
    pub fn park_in_doubt(mut self) -> Self {
        self.in_doubt = InDoubt::Park;
        self
    }

    /// The same with a compensation.
    #[must_use]
    pub fn compensation(mut self, compensation: CompensationDefinition) -> Self {
        self.compensation = Some(compensation);
        self
    }

    /// The same, asking `check` when its outcome stays unknown.
    #[must_use]
    pub fn check(mut self, check: CheckDefinition) -> Self {
        self.in_doubt = InDoubt::Check;
        self.check = Some(check);
        self
    }

    /// The same, idempotent for this long after its first attempt.
    #[must_use]
    pub fn idempotent_within(mut self, within: Duration) -> Self {
        self.idempotent = true;
        self.idempotent_within = Some(within);
        self
    }

    /// The same, run only if its condition holds.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// The same, run once for each item of its list, `concurrency` at once; 0 counts as 1.
    #[must_use]
    pub fn fan_out(mut self, concurrency: u32) -> Self {
        let concurrency = NonZeroU32::new(concurrency).unwrap_or(NonZeroU32::MIN);
        self.fan_out = Some(FanOut { concurrency });
        self
    }

    /// The same, waiting for a message, for at most `within` if that is said.
    #[must_use]
    pub fn signal(mut self, within: Option<Duration>) -> Self {
        self.signal = Some(SignalDefinition { within });
        self
    }

    /// The same, an instance of the saga `saga`.
    #[must_use]
    pub fn child(mut self, saga: &str) -> Self {
        self.child = Some(saga.into());
        self
    }

    /// The same, waiting this long before its first attempt.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// The same, with at most this many attempts at once in one orchestrator; 0 counts as 1.
    #[must_use]
    pub fn max_running(mut self, attempts: u32) -> Self {
        self.max_running = Some(NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN));
        self
    }

    /// Whether its compensation cannot run without its output.
    pub fn compensation_needs_output(&self) -> bool {
        self.compensation.as_ref().is_some_and(|compensation| compensation.output == OutputUse::Required)
    }

    /// Whether a call whose outcome is unknown may be repeated, since the call itself tells the truth.
    pub fn is_repeatable(&self) -> bool {
        self.idempotent || self.kind == StepKind::ReadOnly
    }
}

/// What becomes of a step's effect when the saga fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// It is compensated.
    Compensatable,
    /// Once it has succeeded the instance only goes forward.
    Pivot,
    /// It runs after the pivot and is tried until it succeeds.
    Retriable,
    /// It has no effect.
    ReadOnly,
}

/// What to do when the outcome of a step stays unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InDoubt {
    /// Compensate: the compensation takes back what may have been done.
    Compensate,
    /// Park, for a person to decide.
    Park,
    /// Ask the service, by the step's check.
    Check,
}

/// The compensation of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct CompensationDefinition {
    /// The method's name, for graphs.
    pub name: &'static str,
    /// Whether it takes the output of its own step.
    pub output: OutputUse,
    /// How often and when it is tried.
    pub retry: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl CompensationDefinition {
    /// A compensation with the policies of compensations.
    pub fn new(name: &'static str, output: OutputUse) -> Self {
        Self { name, output, retry: RetryPolicy::PERSISTENT, timeout: DEFAULT_TIMEOUT }
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Whether a compensation takes the output of its own step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputUse {
    /// It does not take it: it finds what was done under the caller's own key.
    Unused,
    /// As `Option<&T>`; `None` means that it may have happened.
    Optional,
    /// As `&T`: a step in doubt is settled before it is compensated.
    Required,
}

/// The check of a step: it asks the service what became of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDefinition {
    /// The method's name, for graphs.
    pub name: &'static str,
    /// How long a request may still be travelling: the check waits that long.
    pub after: Duration,
    /// How often and when it is asked.
    pub retry: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl CheckDefinition {
    /// A check that asks at once, with the policies of compensations.
    pub fn new(name: &'static str) -> Self {
        Self { name, after: Duration::ZERO, retry: RetryPolicy::PERSISTENT, timeout: DEFAULT_TIMEOUT }
    }

    /// The same, asking only after this time.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
