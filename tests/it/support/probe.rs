//! A store that watches, waits, fails and crashes as planned, over either real one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use sagas::InstanceId;
use sagas::journal::Head;
use sagas::store::{
    Defined, Due, Epoch, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, StoreErrorKind,
    Stored, Timestamp, Unfinished, Wanted, Write,
};
use tokio::sync::{Notify, watch};

/// A store that does as its [`Plan`] says.
pub(crate) struct Probe {
    inner: Box<dyn Store>,
    plan: Plan,
}

impl Probe {
    pub(crate) fn over(inner: Box<dyn Store>) -> Self {
        Self { inner, plan: Plan::default() }
    }

    /// What it counts, and what it is to do.
    pub(crate) fn plan(&self) -> Plan {
        self.plan.clone()
    }
}

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
    hand_outs_lost: usize,
    crash: Option<(usize, Moment)>,
    dead: bool,
    on_append: Option<OnAppend>,
    on_hand_out: Option<OnHandOut>,
    on_load: Option<OnLoad>,
    damaged: Option<(StoreErrorKind, Vec<InstanceId>)>,
    unwritable: Option<(StoreErrorKind, Vec<InstanceId>)>,
    loads: usize,
    never_counts: bool,
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

    /// Fails if one of the instances is on a damaged page.
    fn check_pages(&self, ids: &[InstanceId]) -> Result<(), StoreError> {
        let mut planned = self.lock();
        planned.loads += 1;
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

#[async_trait]
impl Store for Probe {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        self.plan.tell(batch, Moment::Before);
        let fault = self.plan.next(batch);
        self.plan.released(Asked::Append).await;
        self.plan.check_writes(batch)?;
        if matches!(fault, None | Some(Fault::Error(Moment::After) | Fault::Crash(Moment::After))) {
            let results = self.inner.append(batch).await?;
            self.plan.tell(batch, Moment::After);
            if fault.is_none() {
                return Ok(results);
            }
        }
        match fault {
            Some(Fault::Error(_)) => Err(broken()),
            Some(Fault::Crash(_)) => {
                self.plan.crashed.notify_one();
                std::future::pending().await
            }
            Some(Fault::Dead) | None => std::future::pending().await,
        }
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.plan.lock().reopened += 1;
        self.plan.check()?;
        self.inner.reopen().await
    }

    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        self.plan.released(Asked::Join).await;
        self.inner.join(now, lease_until).await
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        self.plan.released(Asked::Renew).await;
        if self.plan.lock().renewals_fail {
            return Err(broken());
        }
        self.inner.renew(epoch, now, lease_until).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.release(epoch).await
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.inner.left_behind(epoch).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.settle(epoch).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.inner.define(definition).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        self.inner.defined(saga, version).await
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.plan.released(Asked::Load).await;
        self.plan.check()?;
        self.plan.check_pages(ids)?;
        let mut loaded = self.inner.load(ids).await?;
        let change = self.plan.lock().on_load.clone();
        if let Some(change) = change {
            loaded.iter_mut().flatten().for_each(|stored| change(stored));
        }
        Ok(loaded)
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        self.plan.check()?;
        self.inner.head(id).await
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.plan.released(Asked::HandOut).await;
        let claimed = self.inner.claim(epoch, now, wanted).await?;
        if let (Wanted::One(id), false) = (wanted, claimed.is_empty()) {
            self.plan.tell_of(HandOut::One(id.clone()));
        }
        let is_any = !claimed.is_empty();
        self.plan.hand_out(claimed, is_any)
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        self.plan.released(Asked::HandOut).await;
        let due = self.inner.due(epoch, now, limit).await?;
        if !due.ids.is_empty() {
            self.plan.tell_of(HandOut::Due(now, limit));
        }
        let is_any = !due.ids.is_empty();
        self.plan.hand_out(due, is_any)
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        self.plan.check()?;
        self.inner.query(query).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.plan.check()?;
        if self.plan.lock().never_counts {
            return std::future::pending().await;
        }
        self.inner.unfinished().await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        self.plan.check()?;
        self.inner.delete(ids).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
