//! The time of a history, which goes on over all lives of the process.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saga_core::runtime::Clock;
use tokio::time::Instant;

use super::Director;

/// How long after a crash the process starts again.
const UNTIL_RESTART: Duration = Duration::from_secs(60);

/// When histories begin, on the instances' own clock: some moment, the same in every run.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// How long the history has been going on.
#[derive(Debug)]
pub(super) struct Elapsed {
    began: Instant,
    before: Duration,
    /// How long the process stays dead, beside the time that it takes to start again.
    dead: Duration,
}

impl Elapsed {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), before: Duration::ZERO, dead: Duration::ZERO }
    }

    /// A life of the process begins, under a runtime of its own. Returns how long it was dead on purpose.
    pub(super) fn begin_life(&mut self, life: usize) -> Duration {
        self.began = Instant::now();
        let dead = std::mem::take(&mut self.dead);
        if life > 1 {
            self.before += UNTIL_RESTART + dead;
        }
        dead
    }

    /// The process will be dead for so long.
    pub(super) fn wait_in_death(&mut self, dead: Duration) {
        self.dead = dead;
    }

    /// It ends.
    pub(super) fn end_life(&mut self) {
        self.before = self.now();
    }

    pub(super) fn now(&self) -> Duration {
        self.before + self.began.elapsed()
    }

    /// The time on the instances' clock.
    pub(super) fn wall(&self) -> SystemTime {
        UNIX_EPOCH + BEGINNING + self.now()
    }
}

/// The instances' clock: it goes on in the next life where the last one has left it.
pub(crate) struct HistoryClock(pub(crate) Arc<Director>);

impl Clock for HistoryClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}
