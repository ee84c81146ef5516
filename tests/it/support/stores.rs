//! Stores that watch, fail and crash, over either real one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use sagas::journal::Head;
use sagas::prelude::*;
use sagas::store::{
    Defined, Due, Epoch, InUse, Refusal, Store, StoreError, StoreErrorKind, Stored, Timestamp, Wanted, Write,
};
use sagas::{Error, InstanceId};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Where journals are kept between two lives of a process.
#[derive(Debug)]
pub(crate) enum Data {
    Memory(MemoryStore),
    Sqlite(TempDir),
}

impl Data {
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryStore::new())
    }

    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    /// Both kinds, empty.
    pub(crate) fn both() -> [Self; 2] {
        [Self::memory(), Self::sqlite()]
    }

    /// The database file, of the kind that has one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Memory(_) => None,
            Self::Sqlite(folder) => Some(folder.path().join("sagas.db")),
        }
    }

    /// Opens the store, as a process does when it starts.
    pub(crate) fn open(&self) -> Probe {
        self.try_open().unwrap()
    }

    /// The same, if another has not got it.
    pub(crate) fn try_open(&self) -> Result<Probe, Error> {
        let inner: Box<dyn Store> = match self {
            Self::Memory(store) => Box::new(store.clone()),
            Self::Sqlite(folder) => Box::new(SqliteStore::open(folder.path().join("sagas.db"))?),
        };
        Ok(Probe { inner, plan: Plan::default() })
    }
}

/// A store that counts, and fails as planned.
pub(crate) struct Probe {
    inner: Box<dyn Store>,
    plan: Plan,
}

impl Probe {
    /// What it counts, and what it is to do.
    pub(crate) fn plan(&self) -> Plan {
        self.plan.clone()
    }
}

/// When a planned failure comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing was written.
    Before,
    /// Everything was written, and nobody is told.
    After,
}

/// What a [`Probe`] counts and is to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    inner: Arc<Mutex<Planned>>,
    crashed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Planned {
    commits: usize,
    entries: usize,
    reopened: usize,
    failures: Vec<Moment>,
    crash: Option<(usize, Moment)>,
    dead: bool,
}

impl Plan {
    /// The batches that were appended.
    pub(crate) fn commits(&self) -> usize {
        self.lock().commits
    }

    /// The entries in them.
    pub(crate) fn entries(&self) -> usize {
        self.lock().entries
    }

    /// How often the store was reopened.
    pub(crate) fn reopened(&self) -> usize {
        self.lock().reopened
    }

    /// The next appends fail like this, then it works again.
    pub(crate) fn fail(&self, moments: &[Moment]) {
        self.lock().failures = moments.to_vec();
    }

    /// The process dies at its `append`th append (from 1): the store never answers again.
    pub(crate) fn crash(&self, append: usize, moment: Moment) {
        self.lock().crash = Some((append, moment));
    }

    /// Waits until it has died.
    pub(crate) async fn crashed(&self) {
        self.crashed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Planned> {
        self.inner.lock().unwrap()
    }

    /// What is to happen at the append that comes now.
    fn next(&self, entries: usize) -> Option<Fault> {
        let mut planned = self.lock();
        if planned.dead {
            return Some(Fault::Dead);
        }
        planned.commits += 1;
        planned.entries += entries;
        if let Some((at, moment)) = planned.crash
            && planned.commits == at
        {
            planned.dead = true;
            return Some(Fault::Crash(moment));
        }
        (!planned.failures.is_empty()).then(|| Fault::Error(planned.failures.remove(0)))
    }
}

enum Fault {
    Error(Moment),
    Crash(Moment),
    Dead,
}

fn broken() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the disk does not answer")
}

#[async_trait]
impl Store for Probe {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        match self.plan.next(batch.len()) {
            None => self.inner.append(batch).await,
            Some(Fault::Error(Moment::Before)) => Err(broken()),
            Some(Fault::Error(Moment::After)) => {
                self.inner.append(batch).await?;
                Err(broken())
            }
            Some(Fault::Crash(moment)) => {
                if moment == Moment::After {
                    self.inner.append(batch).await?;
                }
                self.plan.crashed.notify_one();
                std::future::pending().await
            }
            Some(Fault::Dead) => std::future::pending().await,
        }
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.plan.lock().reopened += 1;
        self.inner.reopen().await
    }

    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        self.inner.join(now, lease_until).await
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        self.inner.renew(epoch, now, lease_until).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.release(epoch).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.inner.define(definition).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        self.inner.defined(saga, version).await
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.inner.load(ids).await
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        self.inner.head(id).await
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.inner.claim(epoch, now, wanted).await
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        self.inner.due(epoch, now, limit).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
