//! What the parts of one orchestrator share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle as Runtime;
use tokio::sync::{Notify, oneshot};
use tracing::warn;

use crate::definition::Definition;
use crate::id::{Epoch, InstanceId};
use crate::latch::Latch;
use crate::outcome::{Failure, Parked};
use crate::runtime::admission::{Admission, Slot};
use crate::runtime::attention::Attention;
use crate::runtime::clock::Clock;
use crate::runtime::committer::Committer;
use crate::runtime::door::Door;
use crate::runtime::instance::Live;
use crate::runtime::intercept::Intercept;
use crate::runtime::limits::Limits;
use crate::runtime::line::Line;
use crate::runtime::metrics::Recording;
use crate::runtime::output::Output;
use crate::runtime::recovery::{Mislaid, Suspects};
use crate::runtime::registry::Registry;
use crate::runtime::shutdown::Lifecycle;
use crate::runtime::stay::LEASE;
use crate::runtime::trace::Tracing;
use crate::runtime::wall::Wall;
use crate::store::Store;
use crate::time::Timestamp;

/// What the builder was told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) max_active: usize,
    pub(crate) max_queued: Option<usize>,
    pub(crate) payload_bytes_max: usize,
    pub(crate) shutdown_grace: Duration,
    pub(crate) namespace: Option<Arc<str>>,
    /// Stands between the runtime and the users' methods, in tests.
    pub(crate) intercept: Option<Arc<dyn Intercept>>,
    pub(crate) tracing: Tracing,
    pub(crate) attention: Attention,
}

/// What the parts of one orchestrator share.
pub(crate) struct Shared {
    pub(crate) store: Box<dyn Store>,
    pub(crate) wall: Wall,
    pub(crate) registry: Registry,
    pub(crate) settings: Settings,
    pub(crate) admission: Arc<Admission>,
    limits: Limits,
    pub(crate) line: Line,
    pub(crate) committer: Committer,
    pub(crate) recording: Recording,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) suspects: Arc<Suspects>,
    pub(crate) mislaid: Mislaid,
    pub(crate) runtime: Runtime,
    epoch: AtomicU64,
    /// The epoch of the last stay that is known to have ended.
    ended: AtomicU64,
    stay_ended: Notify,
    /// Held by who gets the store to work again.
    pub(crate) repairing: tokio::sync::Mutex<()>,
    table: Mutex<Table>,
    wake: Wake,
    committer_ended: Latch,
}

/// The instances in memory, and who waits for the end of any.
#[derive(Default)]
struct Table {
    /// The orchestrator has ended: nothing comes into memory any more.
    closed: bool,
    live: HashMap<InstanceId, Arc<Live>>,
    waiting: HashMap<InstanceId, Vec<oneshot::Sender<Ended>>>,
}

/// When the first of the instances that left memory goes on.
#[derive(Default)]
struct Wake {
    at: Mutex<Option<Timestamp>>,
    earlier: Notify,
}

/// What became of putting an instance into memory.
pub(crate) enum Inserted {
    /// It is there.
    New,
    /// This one of the same id was there before.
    There(Arc<Live>),
    /// The orchestrator has ended.
    Closed,
}

/// How an instance left memory for those who wait for its outcome.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// It completed with this output.
    Completed(Output),
    /// It compensated.
    Compensated(Failure),
    /// It is parked.
    Parked(Parked),
    /// It cannot go on in this process.
    Stopped(String),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        registry: Registry,
        settings: Settings,
        epoch: Epoch,
        unclean: Vec<Epoch>,
        runtime: Runtime,
    ) -> Arc<Self> {
        let suspects = Suspects::new(epoch, unclean);
        let admission = Admission::new(settings.max_active, settings.max_queued);
        admission.hold_back(suspects.holds_others_back());
        Arc::new(Self {
            store,
            wall: Wall::new(clock),
            limits: Limits::of(&registry),
            line: Line::default(),
            recording: Recording::new(&registry),
            mislaid: Mislaid::new(&registry),
            registry,
            admission,
            suspects,
            settings,
            committer: Committer::new(),
            lifecycle: Lifecycle::new(),
            runtime,
            epoch: AtomicU64::new(epoch.get()),
            ended: AtomicU64::new(0),
            stay_ended: Notify::new(),
            repairing: tokio::sync::Mutex::default(),
            table: Mutex::default(),
            wake: Wake::default(),
            committer_ended: Latch::default(),
        })
    }

    /// The time now. It never goes back.
    pub(crate) fn now(&self) -> Timestamp {
        self.wall.now()
    }

    /// Gets the store to work again after an error outside a commit, unless it does by now: a store may refuse
    /// everything until it is reopened.
    pub(crate) async fn mend(&self) {
        let _one_at_a_time = self.repairing.lock().await;
        let (epoch, now) = (self.epoch(), self.now());
        match self.store.renew(epoch, now, now.plus(LEASE)).await {
            Ok(true) => {}
            Ok(false) => self.stay_has_ended(epoch),
            Err(_) => {
                if let Err(error) = self.store.reopen().await {
                    warn!(%error, "the store could not be reopened");
                }
            }
        }
    }

    /// The gate that the machine of an instance asks.
    pub(crate) fn door<'a>(
        &'a self,
        is_open: bool,
        definition: &'a Definition,
        id: &'a InstanceId,
    ) -> Door<'a> {
        let is_open = is_open && !self.is_between_stays();
        Door { is_open, limits: &self.limits, definition, id, permits: Vec::new(), refused: Vec::new() }
    }

    /// Lets those go on who stood in line for attempts that have ended.
    pub(crate) fn serve_line(&self) {
        for id in self.limits.next() {
            if !self.driven(&id).is_some_and(|live| live.proceed()) {
                self.admission.enqueue(id, Slot::uncounted());
            }
        }
    }

    /// Whether an instance is in memory, or waits for a place or in line: it goes on by itself. One that is yet to be
    /// created may be another start of it.
    pub(crate) fn knows(&self, id: &InstanceId) -> bool {
        self.get(id).is_some_and(|live| live.is_created())
            || self.admission.has_queued(id)
            || self.line.has(id)
    }

    /// Forgets that an instance stands in line, since somebody else has it: called from there it could not go on, and
    /// would be called again at once.
    pub(crate) fn forget_in_line(&self, id: &InstanceId) {
        self.limits.forget(id);
        self.line.forget(id);
    }

    /// Forgets that a start of an instance stands in line that came to nothing, unless the instance that has its id does.
    pub(crate) fn forget_start_in_line(&self, id: &InstanceId) {
        if !self.line.has(id) {
            self.limits.forget(id);
        }
    }

    /// The epoch of the stay.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch.load(Ordering::Acquire))
    }

    /// The lease of this stay was lost, so others may drive what was driven here: everything of it in memory stops, and
    /// until another stay begins nothing starts.
    pub(crate) fn stay_has_ended(&self, epoch: Epoch) {
        if self.ended.fetch_max(epoch.get(), Ordering::AcqRel) < epoch.get() {
            self.lose_until(epoch);
            self.stay_ended.notify_one();
        }
    }

    /// Stops what is in memory of this stay and those before it.
    pub(crate) fn lose_until(&self, epoch: Epoch) {
        self.live().iter().filter(|live| live.epoch() <= epoch).for_each(|live| live.lose());
    }

    /// Waits until the lease was found to be lost.
    pub(crate) async fn stay_ended(&self) {
        self.stay_ended.notified().await;
    }

    /// Whether nothing may start, since the stay has ended.
    pub(crate) fn is_between_stays(&self) -> bool {
        self.ended.load(Ordering::Acquire) >= self.epoch.load(Ordering::Acquire)
    }

    /// Goes on under another epoch, after the lease was lost.
    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        self.epoch.store(epoch.get(), Ordering::Release);
    }

    /// Commits what instances hand in, until the end.
    pub(crate) async fn commit(self: Arc<Self>) {
        self.committer.run(&*self.store, &self.lifecycle, &self.repairing, &self.recording).await;
        self.committer_has_ended();
    }

    /// Nobody commits any more.
    pub(crate) fn committer_has_ended(&self) {
        self.committer_ended.set();
    }

    /// Waits until nobody commits any more.
    pub(crate) async fn committer_ended(&self) {
        self.committer_ended.wait().await;
    }

    /// Puts an instance into memory, unless one of its id is there, or the orchestrator has ended.
    pub(crate) fn insert(&self, live: &Arc<Live>) -> Inserted {
        let mut table = self.table();
        if table.closed {
            return Inserted::Closed;
        }
        match table.live.entry(live.id().clone()) {
            Entry::Occupied(there) => Inserted::There(Arc::clone(there.get())),
            Entry::Vacant(room) => {
                // A new one may turn out to be another start of the one in line.
                if live.is_created() {
                    self.line.forget(live.id());
                }
                room.insert(Arc::clone(live));
                drop(table);
                if live.epoch() < self.epoch() {
                    // It is of a stay that has ended meanwhile, and nobody else would stop it.
                    live.lose();
                }
                Inserted::New
            }
        }
    }

    /// The instance, if it is in memory.
    pub(crate) fn get(&self, id: &InstanceId) -> Option<Arc<Live>> {
        self.table().live.get(id).cloned()
    }

    /// The instance, if it is in memory and does not stand in line outside of it. What is in memory under the id of one
    /// that does is another start of that.
    pub(crate) fn driven(&self, id: &InstanceId) -> Option<Arc<Live>> {
        self.get(id).filter(|_| !self.line.has(id))
    }

    /// All instances in memory.
    pub(crate) fn live(&self) -> Vec<Arc<Live>> {
        self.table().live.values().cloned().collect()
    }

    /// How many they are.
    #[cfg(feature = "metrics")]
    pub(crate) fn in_memory(&self) -> usize {
        self.table().live.len()
    }

    /// Takes an instance out of memory. Those who wait for its outcome are told if it has `ended`, else they
    /// wait on.
    pub(crate) fn remove(&self, live: &Live, ended: Option<&Ended>) {
        let mut table = self.table();
        let id = live.id();
        // Another one of this id may be there by now: this one is then gone already.
        if table.live.get(id).is_none_or(|there| std::ptr::eq(Arc::as_ptr(there), live)) {
            table.live.remove(id);
            let waiting = ended.and_then(|ended| Some((ended, table.waiting.remove(id)?)));
            drop(table);
            if let Some((ended, waiting)) = waiting {
                for waiter in waiting {
                    // Who no longer waits needs no answer.
                    let _gone = waiter.send(ended.clone());
                }
            }
        }
    }

    /// Waits for the end of an instance; tells too whether it is in memory. Whoever stops waiting calls
    /// [`forget_waiters`](Self::forget_waiters).
    pub(crate) fn wait_for(&self, id: &InstanceId) -> (oneshot::Receiver<Ended>, bool) {
        let (waiter, ended) = oneshot::channel();
        let mut table = self.table();
        let waiting = table.waiting.entry(id.clone()).or_default();
        waiting.retain(|waiter| !waiter.is_closed());
        waiting.push(waiter);
        let is_live = table.live.contains_key(id);
        (ended, is_live)
    }

    /// Forgets those who no longer wait for `id`.
    pub(crate) fn forget_waiters(&self, id: &InstanceId) {
        let mut table = self.table();
        if let Some(waiting) = table.waiting.get_mut(id) {
            waiting.retain(|waiter| !waiter.is_closed());
            if waiting.is_empty() {
                table.waiting.remove(id);
            }
        }
    }

    /// How many instances somebody waits for.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.table().waiting.len()
    }

    /// Lets go of everything in memory and of what was handed in to be written: they and what they share hold each
    /// other. Who waits learns that there is nobody left to answer.
    pub(crate) fn let_go(&self) {
        self.committer.close();
        let closed = Table { closed: true, ..Table::default() };
        let table = std::mem::replace(&mut *self.table(), closed);
        table.live.values().for_each(|live| live.forget());
    }

    /// Notes that an instance left memory until `at`.
    pub(crate) fn note_due(&self, at: Timestamp) {
        let mut first = self.wake.at.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none_or(|first| at < first) {
            *first = Some(at);
            drop(first);
            self.wake.earlier.notify_one();
        }
    }

    /// When the first of those that left memory is due, as far as was noted; what was noted is forgotten.
    pub(crate) fn take_due(&self) -> Option<Timestamp> {
        self.wake.at.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until an earlier time was noted.
    pub(crate) async fn earlier_due(&self) {
        self.wake.earlier.notified().await;
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
