//! A process: what stands between an orchestrator and everything outside of it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sagas::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::place::Life;

/// What the clocks show at the beginning: any time that is a time.
const BEGINNING: Duration = Duration::from_secs(1_700_000_000);

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Runs,
    /// It stands still: it asks nobody for anything, and hears nothing.
    Paused,
    /// The same, for ever.
    Dead,
}

/// A moment of a process at which it drives something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// What it has written is durable, and it has not heard of it.
    Written,
    /// It calls a service, and has sent nothing.
    Calls,
    /// Its request is sent, and it has not heard of what came of it.
    Called,
}

/// When exactly a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aim {
    /// At such a moment.
    pub(crate) moment: Moment,
    /// How many of them it lives through before.
    pub(crate) passes: u32,
}

/// One life of a worker. Whatever goes in or out passes its [`gate`](Self::gate): so a process that is paused or
/// dead is one of which nothing is heard, and what is said to it is not heard there.
#[derive(Debug)]
pub(crate) struct Process {
    /// Which.
    pub(crate) life: Life,
    state: Mutex<State>,
    resumed: Notify,
    /// What it dies at.
    aim: Mutex<Option<Aim>>,
    has_died: Notify,
    /// How far its clock is from the true time.
    off_millis: AtomicI64,
    was_set: AtomicBool,
    began: Instant,
}

impl Process {
    /// A process that runs; `began` is when the simulation did.
    pub(crate) fn new(life: Life, began: Instant, off_millis: i64) -> Arc<Self> {
        let (state, off_millis) = (Mutex::new(State::Runs), AtomicI64::new(off_millis));
        let was_set = AtomicBool::new(false);
        let (resumed, has_died) = (Notify::new(), Notify::new());
        let aim = Mutex::new(None);
        Arc::new(Self { life, state, resumed, aim, has_died, off_millis, was_set, began })
    }

    /// Goes on once the process runs.
    pub(crate) async fn gate(&self) {
        loop {
            let resumed = self.resumed.notified();
            match *self.state() {
                State::Runs => return,
                State::Paused | State::Dead => {}
            }
            resumed.await;
        }
    }

    /// Whether it runs.
    pub(crate) fn runs(&self) -> bool {
        *self.state() == State::Runs
    }

    /// Whether it is gone.
    pub(crate) fn is_dead(&self) -> bool {
        *self.state() == State::Dead
    }

    /// It stands still from here on.
    pub(crate) fn pause(&self) {
        let mut state = self.state();
        if *state == State::Runs {
            *state = State::Paused;
        }
    }

    /// It goes on.
    pub(crate) fn resume(&self) {
        let mut state = self.state();
        if *state == State::Paused {
            *state = State::Runs;
            self.resumed.notify_waiters();
        }
    }

    /// It is gone.
    pub(crate) fn die(&self) {
        *self.state() = State::Dead;
        self.has_died.notify_one();
    }

    /// From here on it is about to die so.
    pub(crate) fn aim(&self, aim: Aim) {
        *self.aim.lock().unwrap_or_else(PoisonError::into_inner) = Some(aim);
    }

    /// Whether this is what it dies at.
    pub(crate) fn is_hit_at(&self, moment: Moment) -> bool {
        let mut aim = self.aim.lock().unwrap_or_else(PoisonError::into_inner);
        match aim.as_mut().filter(|aim| aim.moment == moment) {
            Some(Aim { passes: 0, .. }) => self.runs(),
            Some(aim) => {
                aim.passes -= 1;
                false
            }
            None => false,
        }
    }

    /// Goes on once it is gone.
    pub(crate) async fn death(&self) {
        self.has_died.notified().await;
    }

    /// Its clock is set.
    pub(crate) fn set_clock(&self, by_millis: i64) {
        self.off_millis.fetch_add(by_millis, Ordering::Relaxed);
        self.was_set.store(true, Ordering::Relaxed);
    }

    /// Whether its clock has always shown the true time: within a process time does not go back, so one whose clock is
    /// set right still goes by the wrong one.
    pub(crate) fn is_on_time(&self) -> bool {
        self.off_millis.load(Ordering::Relaxed) == 0 && !self.was_set.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of a process.
#[derive(Debug)]
pub(crate) struct ProcessClock(pub(crate) Arc<Process>);

impl Clock for ProcessClock {
    fn now(&self) -> SystemTime {
        let time = SystemTime::UNIX_EPOCH + BEGINNING + self.0.began.elapsed();
        let off = self.0.off_millis.load(Ordering::Relaxed);
        let by = Duration::from_millis(off.unsigned_abs());
        if off < 0 { time - by } else { time + by }
    }
}
