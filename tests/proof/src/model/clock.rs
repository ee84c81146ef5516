//! Time in the model: it stands still, and only what a timer counts up to is later.

use std::hash::Hasher;
use std::time::Duration;

use saga_core::time::Timestamp;

/// When everything happens, but for what a timer lets happen.
pub(super) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// How far from the start the times of a model are at most. A machine takes no clock that is set right by so little
/// for one that went back.
const RANGE: Duration = Duration::from_millis(500);

/// When a saga's deadline is, if it has one: after all that it waits for.
pub(super) const DEADLINE: Duration = Duration::from_millis(100);

/// How long a step waits, whatever it waits for. So what it waits for follows from its state, and times need not be
/// told apart.
pub(super) fn wait_of(step: usize) -> Duration {
    Duration::from_millis(1 + u64::try_from(step).unwrap_or(u64::MAX))
}

/// Hashes without times: two states that differ in nothing else go on in the same way.
#[derive(Debug)]
pub(super) struct Timeless<'a, H>(pub(super) &'a mut H);

impl<H: Hasher> Hasher for Timeless<'_, H> {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        // Times are the only numbers of this size that a state has.
        let is_time = (START.as_millis()..=START.plus(RANGE).as_millis()).contains(&number);
        if !is_time {
            self.0.write_u64(number);
        }
    }
}
