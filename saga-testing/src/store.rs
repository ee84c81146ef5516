//! A store in memory whose process dies when the director says so.

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::Head;
use saga_core::store::{
    Defined, Due, InUse, LeftBehind, MemoryStore, Position, Query, Refusal, Store, StoreError, Stored,
    Timestamp, Unfinished, Wanted, Write,
};

use crate::deviation::Deviation;
use crate::director::Director;
use crate::timeline::Kind;
use crate::written::{begun_in, decided, events_of, named};

/// The store of one life of the process.
pub(crate) struct MortalStore {
    inner: MemoryStore,
    director: Arc<Director>,
}

impl MortalStore {
    /// Opens the data of `store`.
    pub(crate) fn open(store: &MemoryStore, director: &Arc<Director>) -> Self {
        Self { inner: store.clone(), director: Arc::clone(director) }
    }

    /// Tells the director what is durable by now.
    fn tell(&self, batch: &[Write], results: &[Result<(), Refusal>]) {
        for (write, _) in batch.iter().zip(results).filter(|(_, result)| result.is_ok()) {
            if self.director.is_recording() {
                self.note(write);
            }
            self.director.written(write);
        }
    }

    fn note(&self, write: &Write) {
        let is_root = write.id().as_str() == self.director.id();
        for what in events_of(write).iter().filter_map(|event| decided(event, is_root)) {
            let what = if is_root { what } else { format!("{}: {what}", write.id()) };
            self.director.note(Kind::Plain, what);
        }
    }

    async fn die(&self, when: &str, batch: &[Write]) -> ! {
        let what =
            if self.director.is_recording() { format!(" {when} {}", named(batch)) } else { String::new() };
        self.director.die(&what);
        pending().await
    }
}

#[async_trait]
impl Store for MortalStore {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let Some(deviation) = self.director.begin_append(batch) else { return pending().await };
        if deviation == Some(Deviation::CrashBefore) {
            self.die("before this is written:", batch).await
        }
        let results = self.inner.append(batch).await?;
        self.tell(batch, &results);
        if deviation == Some(Deviation::Cancel) {
            self.director.has_cancelled(|| begun_in(batch, self.director.id()));
        }
        self.director.settle();
        if deviation == Some(Deviation::Overdue) {
            self.director.misses_deadline();
        }
        if matches!(deviation, Some(Deviation::CrashAfter | Deviation::Overdue)) {
            self.die("after this was written:", batch).await
        }
        Ok(results)
    }

    async fn join(&self, now: Timestamp, _lease_until: Timestamp) -> Result<Epoch, StoreError> {
        // Who dies here is known to be dead, so his lease has passed, and nobody else's ever does: hours may pass
        // at once.
        if let Some(dead) = self.director.take_stay() {
            self.inner.renew(dead, now, now).await?;
        }
        let epoch = self.inner.join(now, Timestamp::NEVER).await?;
        self.director.keep_stay(epoch);
        Ok(epoch)
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, _lease_until: Timestamp) -> Result<bool, StoreError> {
        self.director.live().await;
        self.inner.renew(epoch, now, Timestamp::NEVER).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.director.live().await;
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
        self.director.live().await;
        self.inner.claim(epoch, now, wanted).await
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        self.director.live().await;
        self.inner.due(epoch, now, limit).await
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.inner.left_behind(epoch).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.director.live().await;
        self.inner.settle(epoch).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        self.inner.query(query).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.inner.unfinished().await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        self.director.live().await;
        self.inner.delete(ids).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.inner.reopen().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
