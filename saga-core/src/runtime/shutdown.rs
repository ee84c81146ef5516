//! The life of an orchestrator: open, ending, closed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::{info, warn};

use crate::runtime::shared::Shared;

/// How long aborted attempts and the last commit may take to end before `shutdown` returns without them.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// How far an orchestrator's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It works.
    Open,
    /// Nothing new starts.
    Ending,
    /// The grace is over: not even what was announced starts.
    Aborting,
    /// Every attempt has ended, and everything that was handed in is committed.
    Drained,
    /// The store is closed.
    Closed,
}

/// The life of an orchestrator, to be watched.
pub(crate) struct Lifecycle {
    stage: Mutex<Stage>,
    /// Whoever waits for a stage hears of it in the order in which they came, so that an end in simulated time is the
    /// same each time.
    entered: Notify,
    /// Somebody sees to the end.
    is_seen_to: AtomicBool,
    /// Attempts that run and writes that are handed in.
    work: AtomicUsize,
    work_ended: Notify,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self {
            stage: Mutex::new(Stage::Open),
            entered: Notify::new(),
            is_seen_to: AtomicBool::new(false),
            work: AtomicUsize::new(0),
            work_ended: Notify::new(),
        }
    }

    /// Whether nothing new starts.
    pub(crate) fn is_ending(&self) -> bool {
        self.stage() >= Stage::Ending
    }

    /// Whether not even that starts which was announced.
    pub(crate) fn is_aborting(&self) -> bool {
        self.stage() >= Stage::Aborting
    }

    /// Waits until nothing new starts.
    pub(crate) async fn ending(&self) {
        self.reached(Stage::Ending).await;
    }

    /// Waits until every attempt has ended and everything is committed.
    pub(crate) async fn drained(&self) {
        self.reached(Stage::Drained).await;
    }

    /// Counts an attempt or a write until what is returned is dropped. Between the end of one and the next that
    /// follows from it there is no moment without either.
    pub(crate) fn work(shared: &Arc<Shared>) -> Work {
        shared.lifecycle.work.fetch_add(1, Ordering::SeqCst);
        Work { shared: Arc::clone(shared) }
    }

    async fn reached(&self, stage: Stage) {
        loop {
            let entered = self.entered.notified();
            if self.stage() >= stage {
                return;
            }
            entered.await;
        }
    }

    async fn idle(&self) {
        loop {
            let ended = self.work_ended.notified();
            if self.work.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    fn enter(&self, stage: Stage) {
        {
            let mut now = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            *now = stage.max(*now);
        }
        self.entered.notify_waiters();
    }

    fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that runs, or a write that is handed in.
pub(crate) struct Work {
    shared: Arc<Shared>,
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.shared.lifecycle.work.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.shared.lifecycle.work_ended.notify_waiters();
        }
    }
}

/// Ends the orchestrator: nothing new starts, running attempts get the grace, then they are dropped. Returns
/// when the store is closed, or a little after the grace if an attempt blocks its thread: then the store is
/// closed once that has ended.
pub(crate) async fn shutdown(shared: &Arc<Shared>) {
    shared.lifecycle.enter(Stage::Ending);
    see_to_end(shared);
    let limit = shared.settings.shutdown_grace + 2 * ABORT_GRACE;
    if tokio::time::timeout(limit, shared.lifecycle.reached(Stage::Closed)).await.is_err() {
        warn!("an attempt does not end: the store stays open until it does");
    }
}

/// Ends the orchestrator without further ado, since a part that everything depends on has failed: what runs is dropped
/// and counts as in doubt, what is handed in is not written, and whoever waits is told.
pub(crate) fn fail(shared: &Arc<Shared>) {
    shared.lifecycle.enter(Stage::Aborting);
    shared.live().iter().for_each(|live| live.abort_attempts());
    shared.committer_has_ended();
    shared.let_go();
    see_to_end(shared);
}

/// Sees to the end in a task of its own, unless somebody does by now.
fn see_to_end(shared: &Arc<Shared>) {
    if !shared.lifecycle.is_seen_to.swap(true, Ordering::AcqRel) {
        info!("shutting down");
        shared.runtime.spawn(end(Ending { shared: Arc::clone(shared) }));
    }
}

/// An end under way. However it ends, perhaps with its runtime, what is in memory is let go.
struct Ending {
    shared: Arc<Shared>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.let_go();
    }
}

async fn end(ending: Ending) {
    let shared = &ending.shared;
    shared.admission.nudge();
    let lifecycle = &shared.lifecycle;
    if tokio::time::timeout(shared.settings.shutdown_grace, lifecycle.idle()).await.is_err() {
        warn!("the grace is over: attempts that still run are dropped, and count as in doubt");
        lifecycle.enter(Stage::Aborting);
        shared.live().iter().for_each(|live| live.abort_attempts());
        lifecycle.idle().await;
    }
    lifecycle.enter(Stage::Drained);
    shared.committer_ended().await;
    if let Err(error) = shared.store.release(shared.epoch()).await {
        warn!(error = %error, "the stay could not be released: its lease will pass");
    }
    if let Err(error) = shared.store.close().await {
        warn!(error = %error, "the store could not be closed");
    }
    lifecycle.enter(Stage::Closed);
    info!("shut down");
}

/// Shuts down, without waiting, when the last clone of an orchestrator is dropped.
pub(crate) struct LastClone {
    shared: Weak<Shared>,
}

impl LastClone {
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::downgrade(shared) }
    }
}

impl Drop for LastClone {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.lifecycle.enter(Stage::Ending);
            see_to_end(&shared);
        }
    }
}
