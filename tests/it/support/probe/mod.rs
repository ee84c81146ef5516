//! A store that watches, waits, fails and crashes as planned, over either real one.

mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use sagas::InstanceId;
use sagas::store::{StoreError, StoreErrorKind, Stored, Timestamp, Write};
use tokio::sync::{Notify, watch};

pub(crate) use store::Probe;

/// When a planned failure comes, or a watcher is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing was written.
    Before,
    /// Everything was written, and nobody is told.
    After,
}

/// What a store is asked for that can be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Append,
    Join,
    Renew,
    HandOut,
    Load,
}

/// Watches appends.
type OnAppend = Arc<dyn Fn(&[Write], Moment) + Send + Sync>;

/// Watches what is handed out.
type OnHandOut = Arc<dyn Fn(HandOut) + Send + Sync>;

/// What a store was asked to hand out.
#[derive(Debug, Clone)]
pub(crate) enum HandOut {
    /// What was due then.
    Due(Timestamp, usize),
    /// This one.
    One(InstanceId),
}

/// Changes what is loaded.
type OnLoad = Arc<dyn Fn(&mut Stored) + Send + Sync>;

/// What a [`Probe`] counts and is to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    inner: Arc<Mutex<Planned>>,
    crashed: Arc<Notify>,
    renewed_late: Arc<Notify>,
    held: Arc<watch::Sender<Vec<Asked>>>,
}

#[derive(Default)]
struct Planned {
    batches: Vec<Batch>,
    reopened: usize,
    failures: Vec<Moment>,
    from: usize,
    broken: bool,
    renewals_fail: bool,
    renewal_is_late: bool,
    joins_failing: usize,
    hand_outs_lost: usize,
    crash: Option<(usize, Moment)>,
    dead: bool,
    on_append: Option<OnAppend>,
    on_hand_out: Option<OnHandOut>,
    on_load: Option<OnLoad>,
    damaged: Option<(StoreErrorKind, Vec<InstanceId>)>,
    flickering: Option<Flickering>,
    unwritable: Option<(StoreErrorKind, Vec<InstanceId>)>,
    loads: usize,
    never_counts: bool,
}

/// An instance of which every other load fails.
struct Flickering {
    id: InstanceId,
    fails_next: bool,
}

/// The size of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned").field("batches", &self.batches).finish_non_exhaustive()
    }
}

impl Plan {
    /// The batches that were to be appended, in order.
    pub(crate) fn batches(&self) -> Vec<Batch> {
        self.lock().batches.clone()
    }

    /// How many they were.
    pub(crate) fn commits(&self) -> usize {
        self.lock().batches.len()
    }

    /// The entries in them.
    pub(crate) fn entries(&self) -> usize {
        self.lock().batches.iter().map(|batch| batch.entries).sum()
    }

    /// How often the store was reopened.
    pub(crate) fn reopened(&self) -> usize {
        self.lock().reopened
    }

    /// From the `append`th append on (from 1), appends fail like this, then the store works again.
    pub(crate) fn fail(&self, append: usize, moments: &[Moment]) {
        let mut planned = self.lock();
        planned.from = append;
        planned.failures = moments.to_vec();
    }

    /// Nothing can be appended and nothing reopened or read until [`mend`](Self::mend).
    pub(crate) fn break_down(&self) {
        self.lock().broken = true;
    }

    /// From here on no lease can be prolonged; everything else works.
    pub(crate) fn fail_renewals(&self) {
        self.lock().renewals_fail = true;
    }

    /// The next renewal does not get through until [`let_renewal_through`](Self::let_renewal_through), whatever becomes of
    /// those after it.
    pub(crate) fn delay_next_renewal(&self) {
        self.lock().renewal_is_late = true;
    }

    /// Whether that renewal is yet to be asked for.
    pub(crate) fn awaits_renewal(&self) -> bool {
        self.lock().renewal_is_late
    }

    /// That renewal gets through.
    pub(crate) fn let_renewal_through(&self) {
        self.renewed_late.notify_one();
    }

    /// So many stays cannot begin, then they can again.
    pub(crate) fn fail_joins(&self, times: usize) {
        self.lock().joins_failing = times;
    }

    /// How many stays are yet not to begin.
    pub(crate) fn joins_to_fail(&self) -> usize {
        self.lock().joins_failing
    }

    /// Something is handed out so many times without a word: who asked is told that the store has failed.
    pub(crate) fn lose_hand_outs(&self, times: usize) {
        self.lock().hand_outs_lost = times;
    }

    /// How often something is yet to be handed out without a word.
    pub(crate) fn hand_outs_to_lose(&self) -> usize {
        self.lock().hand_outs_lost
    }

    /// Fails if this was handed out without a word.
    fn hand_out<T>(&self, handed_out: T, is_any: bool) -> Result<T, StoreError> {
        let mut planned = self.lock();
        if is_any && planned.hand_outs_lost > 0 {
            planned.hand_outs_lost -= 1;
            return Err(broken());
        }
        Ok(handed_out)
    }

    /// The store works again.
    pub(crate) fn mend(&self) {
        self.lock().broken = false;
    }

    /// The process dies at its `append`th append (from 1): the store never answers again.
    pub(crate) fn crash(&self, append: usize, moment: Moment) {
        self.lock().crash = Some((append, moment));
    }

    /// Waits until it has died.
    pub(crate) async fn crashed(&self) {
        self.crashed.notified().await;
    }

    /// What is written, claimed and renewed from here on waits for [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.hold_only(&[Asked::Append, Asked::Renew, Asked::HandOut]);
    }

    /// From here on only this waits for [`release`](Self::release); what else was held back goes on.
    pub(crate) fn hold_only(&self, asked: &[Asked]) {
        self.held.send_replace(asked.to_vec());
    }

    /// What was held back goes on.
    pub(crate) fn release(&self) {
        self.hold_only(&[]);
    }

    /// Is called before and after each append.
    pub(crate) fn on_append(&self, watch: impl Fn(&[Write], Moment) + Send + Sync + 'static) {
        self.lock().on_append = Some(Arc::new(watch));
    }

    /// Is called after something was handed out, but for what ended stays left behind.
    pub(crate) fn on_hand_out(&self, watch: impl Fn(HandOut) + Send + Sync + 'static) {
        self.lock().on_hand_out = Some(Arc::new(watch));
    }

    /// Changes everything that is loaded.
    pub(crate) fn on_load(&self, change: impl Fn(&mut Stored) + Send + Sync + 'static) {
        self.lock().on_load = Some(Arc::new(change));
    }

    /// A page of the disk is damaged: what is loaded together with one of these instances cannot be read, for this
    /// reason.
    pub(crate) fn damage(&self, kind: StoreErrorKind, ids: &[&str]) {
        let ids = ids.iter().map(|id| InstanceId::new(*id).unwrap()).collect();
        self.lock().damaged = Some((kind, ids));
    }

    /// Of the loads of this instance the first succeeds, the second fails, and so on; with `None` all succeed.
    pub(crate) fn flicker(&self, id: Option<&str>) {
        let flickering = id.map(|id| Flickering { id: InstanceId::new(id).unwrap(), fails_next: false });
        self.lock().flickering = flickering;
    }

    /// What is written together with one of these instances cannot be written, for this reason.
    pub(crate) fn refuse_writes(&self, kind: StoreErrorKind, ids: &[&str]) {
        let ids = ids.iter().map(|id| InstanceId::new(*id).unwrap()).collect();
        self.lock().unwritable = Some((kind, ids));
    }

    /// How often instances were loaded.
    pub(crate) fn loads(&self) -> usize {
        self.lock().loads
    }

    /// Whoever asks how many instances are unfinished gets no answer.
    pub(crate) fn never_count(&self) {
        self.lock().never_counts = true;
    }

    async fn released(&self, asked: Asked) {
        let mut held = self.held.subscribe();
        let _closed = held.wait_for(|held| !held.contains(&asked)).await;
    }

    fn tell(&self, batch: &[Write], moment: Moment) {
        let watch = self.lock().on_append.clone();
        if let Some(watch) = watch {
            watch(batch, moment);
        }
    }

    fn tell_of(&self, hand_out: HandOut) {
        let watch = self.lock().on_hand_out.clone();
        if let Some(watch) = watch {
            watch(hand_out);
        }
    }

    /// Fails while the store is broken.
    fn check(&self) -> Result<(), StoreError> {
        if self.lock().broken { Err(broken()) } else { Ok(()) }
    }

    /// Fails if this stay is one of those that cannot begin.
    fn check_join(&self) -> Result<(), StoreError> {
        let mut planned = self.lock();
        let fails = planned.joins_failing > 0;
        planned.joins_failing = planned.joins_failing.saturating_sub(1);
        if fails { Err(broken()) } else { Ok(()) }
    }

    /// Whether the renewal that comes now is the one that is to come late.
    fn is_late(&self) -> bool {
        std::mem::take(&mut self.lock().renewal_is_late)
    }

    /// Fails if one of the instances is on a damaged page.
    fn check_pages(&self, ids: &[InstanceId]) -> Result<(), StoreError> {
        let mut planned = self.lock();
        planned.loads += 1;
        if let Some(Flickering { id, fails_next }) = &mut planned.flickering
            && ids.contains(id)
            && std::mem::replace(fails_next, !*fails_next)
        {
            return Err(broken());
        }
        match &planned.damaged {
            Some((kind, damaged)) if ids.iter().any(|id| damaged.contains(id)) => {
                Err(StoreError::new(*kind, "a page is damaged"))
            }
            _ => Ok(()),
        }
    }

    /// Fails if one of the instances cannot be written.
    fn check_writes(&self, batch: &[Write]) -> Result<(), StoreError> {
        match &self.lock().unwritable {
            Some((kind, ids)) if batch.iter().any(|write| ids.contains(write.id())) => {
                Err(StoreError::new(*kind, "a page is damaged"))
            }
            _ => Ok(()),
        }
    }

    /// What is to happen at the append that comes now.
    fn next(&self, batch: &[Write]) -> Option<Fault> {
        let mut planned = self.lock();
        if planned.dead {
            return Some(Fault::Dead);
        }
        let bytes = batch.iter().map(bytes_of).sum();
        planned.batches.push(Batch { entries: batch.len(), bytes });
        if let Some((at, moment)) = planned.crash
            && planned.batches.len() == at
        {
            planned.dead = true;
            return Some(Fault::Crash(moment));
        }
        if planned.broken {
            return Some(Fault::Error(Moment::Before));
        }
        let fails = planned.batches.len() >= planned.from && !planned.failures.is_empty();
        fails.then(|| Fault::Error(planned.failures.remove(0)))
    }

    fn lock(&self) -> MutexGuard<'_, Planned> {
        self.inner.lock().unwrap()
    }
}

enum Fault {
    Error(Moment),
    Crash(Moment),
    Dead,
}

fn bytes_of(write: &Write) -> usize {
    match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => entry.events.len(),
        Write::Signal { signal, .. } => signal.payload.len(),
        Write::MarkUnreadable { .. } => 0,
    }
}

fn broken() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the disk does not answer")
}
