//! Wall time, injected.

use std::time::SystemTime;

use tokio::time::Instant;

/// Where wall time comes from.
///
/// It decides when something happens, never whether it is allowed: a clock that jumps loses nothing.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The system's time read once, plus the time that tokio's clock has counted since: a test that pauses tokio's
/// clock moves both.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    read: SystemTime,
    at: Instant,
}

impl SystemClock {
    /// Reads the system's time.
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's time is read")]
    pub fn new() -> Self {
        Self { read: SystemTime::now(), at: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        self.read + self.at.elapsed()
    }
}
