//! A wall clock that tests set.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sagas::Clock;
use tokio::time::Instant;

/// A wall clock that goes as tokio's does, and can be set.
#[derive(Debug, Clone)]
pub(crate) struct SetClock {
    set: Arc<Mutex<(SystemTime, Instant)>>,
}

impl SetClock {
    /// One that shows a time far from the beginning of time, so that it can be set back.
    pub(crate) fn new() -> Self {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self { set: Arc::new(Mutex::new((time, Instant::now()))) }
    }

    /// Sets it.
    pub(crate) fn set(&self, change: impl FnOnce(SystemTime) -> SystemTime) {
        let time = change(self.now());
        *self.set.lock().unwrap() = (time, Instant::now());
    }
}

impl Clock for SetClock {
    fn now(&self) -> SystemTime {
        let (time, at) = *self.set.lock().unwrap();
        time + at.elapsed()
    }
}
