//! The time as the parts of one orchestrator see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::runtime::clock::Clock;
use crate::time::Timestamp;

/// A clock that goes ahead of tokio's by less at once has not been set: it is read at one moment, and tokio's at
/// another.
const SLACK: Duration = Duration::from_secs(1);

/// The injected clock, and what is known of how it goes.
pub(crate) struct Wall {
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
    was_set: Notify,
}

/// What was told last.
struct Told {
    /// The latest time that was told, and when.
    latest: (Timestamp, Instant),
    /// How often the clock was set, and what it showed right after the last time.
    set: (u32, Timestamp),
}

impl Wall {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        // Read now, so that it is seen if it is set before it is asked for the first time.
        let latest = (Timestamp::from(clock.now()), Instant::now());
        let told = Mutex::new(Told { latest, set: (0, Timestamp::from_millis(0)) });
        Self { clock, told, was_set: Notify::new() }
    }

    /// The time now. It never goes back: where the clock does, the time goes on as tokio's does, so that nothing
    /// waits a second time.
    pub(crate) fn now(&self) -> Timestamp {
        let wall = Timestamp::from(self.clock.now());
        let mut told = self.told();
        let (time, at) = told.latest;
        let expected = time.plus_whole_millis(at.elapsed());
        let now = if wall < time { expected } else { wall };
        if now.since(expected) > SLACK {
            told.set = (told.set.0.saturating_add(1), now);
            self.was_set.notify_one();
        }
        if now > time {
            told.latest = (now, Instant::now());
        }
        now
    }

    /// Waits until the clock is found to have been set ahead.
    pub(crate) async fn was_set(&self) {
        self.was_set.notified().await;
    }

    /// How often the clock was set ahead since the orchestrator was built.
    pub(crate) fn times_set(&self) -> u32 {
        self.told().set.0
    }

    /// Whether the clock was set since `at`, a time that this orchestrator took down.
    pub(crate) fn was_set_since(&self, at: Timestamp) -> bool {
        at < self.told().set.1
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
