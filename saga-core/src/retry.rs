//! How often and when something is tried again.

use std::num::NonZeroU32;
use std::time::Duration;

/// How often and when an attempt is repeated. Policies are read when a failure is decided, and the decision is
/// journalled: changing one never changes the past.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// All calls, the first and those that died with the process included; `None` is without limit.
    pub attempts_max: Option<NonZeroU32>,
    /// The delay after the first attempt.
    pub initial: Duration,
    /// By how much each delay is longer than the one before; at least 1.
    pub factor: f64,
    /// The longest delay.
    pub max: Duration,
    /// Whether each delay is cut to between half of it and all of it, so that instances that failed together
    /// do not return together.
    pub jitter: bool,
}

impl RetryPolicy {
    /// What a step does that says nothing: 10 attempts over 51 s, a neighbour's deploy.
    pub const FORWARD: Self = Self {
        attempts_max: NonZeroU32::new(10),
        initial: Duration::from_millis(100),
        factor: 2.0,
        max: Duration::from_secs(30),
        jitter: true,
    };

    /// What compensations, checks and steps after the pivot do that say nothing: they do not give up.
    pub const PERSISTENT: Self = Self {
        attempts_max: None,
        initial: Duration::from_millis(100),
        factor: 2.0,
        max: Duration::from_secs(60),
        jitter: true,
    };

    /// The same with at most `attempts` calls in all; 0 counts as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts_max = match NonZeroU32::new(attempts) {
            Some(attempts) => Some(attempts),
            None => Some(NonZeroU32::MIN),
        };
        self
    }

    /// The same without a limit of attempts.
    #[must_use]
    pub const fn unlimited(mut self) -> Self {
        self.attempts_max = None;
        self
    }

    /// The same with this delay after the first attempt.
    #[must_use]
    pub const fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// The same with each delay longer than the one before by `factor`.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The same with this longest delay.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The same with or without jitter.
    #[must_use]
    pub const fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether one more call is allowed after `attempts` calls.
    pub fn allows_another(&self, attempts: u32) -> bool {
        self.attempts_max.is_none_or(|max| attempts < max.get())
    }

    /// The delay after the `attempts`th call (from 1). `seed` decides the jitter: the same seed, the same delay.
    pub fn delay(&self, attempts: u32, seed: u64) -> Duration {
        let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let full = (self.initial.as_secs_f64() * self.factor.powi(exponent)).min(self.max.as_secs_f64());
        let share = if self.jitter { 0.5 + 0.5 * fraction(seed) } else { 1.0 };
        Duration::try_from_secs_f64(full * share).unwrap_or(self.max)
    }
}

/// The longest that a service's `retry_after` is heeded: a slip in a header must not put an instance to sleep for
/// years.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A number in [0, 1) from the high bits of `seed`.
fn fraction(seed: u64) -> f64 {
    let high = u32::try_from(seed >> 32).unwrap_or(u32::MAX);
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

/// The seed of the jitter of one attempt: a hash (FNV-1a, then a finalizer) that is the same on every machine.
pub fn jitter_seed(instance: &str, step: &str, attempt: u32) -> u64 {
    let parts = [instance.as_bytes(), &[0xff], step.as_bytes(), &attempt.to_le_bytes()];
    let mut hash = parts.iter().flat_map(|part| part.iter()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
