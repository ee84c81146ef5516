//! A store in memory whose process dies when the director says so.

use std::fmt::Write as _;
use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{Event, Head, codec};
use saga_core::store::{
    Defined, Due, InUse, LeftBehind, MemoryStore, Position, Query, Refusal, Store, StoreError, Stored,
    Timestamp, Unfinished, Wanted, Write,
};

use crate::deviation::Deviation;
use crate::director::Director;
use crate::timeline::Kind;

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
            match write {
                Write::Create { head, .. } => self.director.reached(&head.id, head.progress.state),
                Write::Append { id, progress: Some(progress), .. } => {
                    self.director.reached(id, progress.state);
                }
                Write::Append { progress: None, .. }
                | Write::Signal { .. }
                | Write::MarkUnreadable { .. } => {}
            }
        }
    }

    /// Notes what was decided; what came of calls is noted where they are made.
    fn note(&self, write: &Write) {
        let is_root = write.id().as_str() == self.director.id();
        for event in events_of(write) {
            let what = match &event {
                Event::StepSkipped { step } => format!("{step} is skipped"),
                Event::SignalReceived { step, id, .. } => format!("{step}: the signal {id} is there"),
                Event::SignalMissed { step, .. } => format!("{step}: the signal did not come in time"),
                Event::AttemptLost { step, item, attempt, .. } => {
                    let item = item.map(|item| format!("/{item}")).unwrap_or_default();
                    format!("{step}{item}, attempt {attempt}: it died with the process, and is in doubt")
                }
                Event::CompensationDecided { cause } => match &cause.step {
                    Some(step) => format!("compensating, since {step} failed: {}", cause.message),
                    None => format!("compensating: {}", cause.message),
                },
                Event::Completed if !is_root => "completed".to_owned(),
                Event::Compensated if !is_root => "compensated".to_owned(),
                _ => continue,
            };
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

/// What a batch holds, for people.
fn named(batch: &[Write]) -> String {
    let mut names = String::new();
    for event in batch.iter().flat_map(events_of) {
        let comma = if names.is_empty() { "" } else { ", " };
        let step = event.step().map(|step| format!(" {step}")).unwrap_or_default();
        let _infallible = write!(names, "{comma}{}{step}", event.name());
    }
    match names.is_empty() {
        true if batch.iter().any(|write| matches!(write, Write::Signal { .. })) => "a signal".to_owned(),
        true => "an entry without an event".to_owned(),
        false => names,
    }
}

fn events_of(write: &Write) -> Vec<Event> {
    match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => {
            codec::decode(entry).map(|entry| entry.events).unwrap_or_default()
        }
        Write::Signal { .. } | Write::MarkUnreadable { .. } => Vec::new(),
    }
}

#[async_trait]
impl Store for MortalStore {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let Some(deviation) = self.director.begin_append() else { return pending().await };
        if deviation == Some(Deviation::CrashBefore) {
            self.die("before this is written:", batch).await
        }
        let results = self.inner.append(batch).await?;
        self.tell(batch, &results);
        if deviation == Some(Deviation::CrashAfter) {
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
