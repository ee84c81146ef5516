//! The store of a life: a store in memory of which everything is seen.

use std::hash::Hasher;
use std::sync::Arc;

use async_trait::async_trait;
use sagas::journal::{EncodedEntry, Head, InstanceState, codec};
use sagas::store::{
    Defined, Due, Epoch, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, Stored, Timestamp,
    Unfinished, Wanted, Write,
};
use sagas::{InstanceId, MemoryStore};

use super::recorder::Recorder;
use super::seen::Seen;
use crate::print::Print;

/// A store of which everything is seen.
#[derive(Debug)]
pub(crate) struct SeenStore {
    inner: MemoryStore,
    recorder: Arc<Recorder>,
}

impl SeenStore {
    /// The store of the life that `recorder` sees.
    pub(crate) fn of(recorder: &Arc<Recorder>) -> Self {
        Self { inner: recorder.store(), recorder: Arc::clone(recorder) }
    }
}

impl SeenStore {
    /// What was taken is seen.
    fn see(&self, batch: &[Write], results: &[Result<(), Refusal>]) {
        let taken = batch.iter().zip(results).filter(|(_, result)| result.is_ok());
        let seen: Vec<_> = taken.map(|(write, _)| seen_of(write)).collect();
        if !seen.is_empty() {
            self.recorder.appended(seen);
        }
    }
}

/// A short name of an entry's bytes.
pub(crate) fn bytes_of(entry: &EncodedEntry) -> u64 {
    let mut print = Print::default();
    print.add(entry.seq.get());
    print.add(entry.epoch.get());
    print.write(entry.events.as_bytes());
    print.finish()
}

/// What is seen of a write that was taken.
fn seen_of(write: &Write) -> Seen {
    let wrote = |id: &InstanceId, entry: &EncodedEntry, kept: Option<InstanceState>| {
        let bytes = bytes_of(entry);
        let entry = Arc::new(codec::decode(entry).expect("what is written can be read"));
        Seen::Wrote { id: id.clone(), entry, bytes, kept }
    };
    match write {
        Write::Create { head, entry } => wrote(&head.id, entry, Some(head.progress.state)),
        Write::Append { id, entry, progress, .. } => {
            wrote(id, entry, progress.as_ref().map(|progress| progress.state))
        }
        Write::Signal { id, signal } => {
            Seen::Signalled { id: id.clone(), signal: signal.id.clone(), at: signal.at }
        }
        Write::MarkUnreadable { id, .. } => Seen::Unreadable { id: id.clone() },
    }
}

#[async_trait]
impl Store for SeenStore {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        self.recorder.before_append();
        self.recorder.lives().await;
        let is_lost = self.recorder.loses();
        let results = if is_lost { vec![Ok(()); batch.len()] } else { self.inner.append(batch).await? };
        self.see(batch, &results);
        self.recorder.lives().await;
        Ok(results)
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        self.recorder.lives().await;
        let due = self.inner.due(epoch, now, limit).await?;
        if !due.ids.is_empty() {
            self.recorder.handed_out(due.ids.len());
            self.recorder.lives().await;
        }
        Ok(due)
    }

    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        self.recorder.lives().await;
        self.inner.join(now, lease_until).await
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        self.recorder.lives().await;
        self.inner.renew(epoch, now, lease_until).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.recorder.lives().await;
        self.inner.release(epoch).await
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.inner.left_behind(epoch).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.recorder.lives().await;
        self.inner.settle(epoch).await?;
        self.recorder.settled();
        self.recorder.lives().await;
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        self.inner.query(query).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.inner.unfinished().await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        self.recorder.lives().await;
        self.inner.delete(ids).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.recorder.lives().await;
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
        self.recorder.lives().await;
        self.inner.claim(epoch, now, wanted).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.inner.reopen().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
