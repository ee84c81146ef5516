//! The store as a process sees it: with the weather, and through the gate.

use std::sync::Arc;

use async_trait::async_trait;
use sagas::journal::{Head, InstanceState, codec};
use sagas::store::{
    Defined, Due, Epoch, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, StoreErrorKind,
    Stored, Timestamp, Unfinished, Wanted, Write,
};
use sagas::{InstanceId, MemoryStore};

use super::damage::Touch;
use super::place::Who;
use super::process::{Moment, Process};
use super::seen::{Seen, Written};
use super::weather::{Ask, Failure};
use super::world::{StoreFlaw, World};
use crate::crashes::bytes_of;

/// The store of one process.
#[derive(Debug)]
pub(crate) struct WeatheredStore {
    inner: MemoryStore,
    world: Arc<World>,
    process: Arc<Process>,
}

/// The error of a store that fails.
fn failed() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "bad weather")
}

impl WeatheredStore {
    /// The store of `process`.
    pub(crate) fn new(world: &Arc<World>, process: &Arc<Process>) -> Self {
        Self { inner: world.store.clone(), world: Arc::clone(world), process: Arc::clone(process) }
    }

    /// A question comes to the store. Says how that fails, if it does.
    ///
    /// # Errors
    /// It has failed by now.
    async fn asked(&self, ask: Ask) -> Result<Option<Failure>, StoreError> {
        self.process.gate().await;
        let world = &self.world;
        if world.is_calm() {
            return Ok(None);
        }
        let at = world.time();
        let failure = world.draw(|draw| world.weather.failure(at, self.process.life.worker, ask, draw));
        match failure {
            Some(Failure::Before) => {
                self.failed("fails");
                Err(failed())
            }
            Some(Failure::Slow(time)) => {
                world.count("store: slow");
                tokio::time::sleep(time).await;
                self.process.gate().await;
                Ok(None)
            }
            other => Ok(other),
        }
    }

    /// The answer goes back to the process.
    async fn answer<T>(&self, answer: T, failure: Option<Failure>) -> Result<T, StoreError> {
        self.process.gate().await;
        match failure {
            Some(Failure::After | Failure::Partly) => {
                self.failed("fails, and has had its effect");
                Err(failed())
            }
            Some(Failure::SlowAfter(time)) => {
                self.world.count("store: slow after");
                tokio::time::sleep(time).await;
                self.process.gate().await;
                Ok(answer)
            }
            Some(Failure::Before | Failure::Slow(_)) | None => Ok(answer),
        }
    }

    /// What the store holds of these instances is touched.
    ///
    /// # Errors
    /// That of one of them is damaged.
    fn touch<'a>(
        &self,
        touch: Touch,
        mut ids: impl Iterator<Item = &'a InstanceId>,
    ) -> Result<(), StoreError> {
        let is_damaged =
            |id: &InstanceId| Who::of(id.as_str()).is_some_and(|who| self.world.is_damaged(who, touch));
        let damage = self.world.damage().filter(|_| ids.any(is_damaged));
        let Some(damage) = damage else { return Ok(()) };
        self.world.count(match touch {
            Touch::Load => "store: fails to read one",
            Touch::Head => "store: fails to read the head of one",
            Touch::Append => "store: fails to write one",
            Touch::Claim => "store: fails to hand out one",
        });
        self.world.see(Seen::StoreFailed { life: self.process.life, what: "fails for one instance" });
        Err(StoreError::new(damage.kind, "a damaged page"))
    }

    fn failed(&self, what: &'static str) {
        self.world.count(if what == "fails" { "store: fails" } else { "store: fails after" });
        self.world.see(Seen::StoreFailed { life: self.process.life, what });
    }

    /// Makes writes, and sees those that were taken.
    async fn write(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let mut results = Vec::with_capacity(batch.len());
        for write in batch {
            let result = match self.world.flaws.store {
                Some(StoreFlaw::LosesWrites) if self.loses(write) => Ok(()),
                Some(StoreFlaw::TakesStale) => self.write_stale(write).await?,
                _ => self.write_one(write).await?,
            };
            if result.is_ok() {
                self.see(write);
            } else {
                self.world.count("store: refuses");
                if matches!((write, &result), (Write::Append { .. }, Err(Refusal::Fenced))) {
                    self.world.count("stale: an entry is refused");
                }
            }
            results.push(result);
        }
        Ok(results)
    }

    async fn write_one(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        let results = self.inner.append(std::slice::from_ref(write)).await?;
        Ok(results.into_iter().next().unwrap_or(Ok(())))
    }

    /// A flaw: signals, and that an instance which a client started has completed.
    fn loses(&self, write: &Write) -> bool {
        match write {
            Write::Signal { .. } => true,
            Write::Append { id, progress: Some(progress), .. } => {
                progress.state == InstanceState::Completed && !id.as_str().contains('/')
            }
            Write::Create { .. } | Write::Append { .. } | Write::MarkUnreadable { .. } => false,
        }
    }

    /// A flaw: what is refused since another stay has the instance is taken all the same.
    async fn write_stale(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        let result = self.write_one(write).await?;
        let fenced = matches!(result, Err(Refusal::Fenced));
        Ok(if fenced && matches!(write, Write::Append { .. }) { Ok(()) } else { result })
    }

    fn see(&self, write: &Write) {
        let Some(who) = Who::of(write.id().as_str()) else { return };
        let life = self.process.life;
        let wrote = |entry, row: Option<InstanceState>| {
            let bytes = bytes_of(entry);
            let entry = Arc::new(codec::decode(entry).expect("what is written can be read"));
            Seen::Wrote { life, who, entry: Written { entry, bytes }, row }
        };
        self.world.see(match write {
            Write::Create { head, entry } => wrote(entry, Some(head.progress.state)),
            Write::Append { entry, progress, .. } => {
                wrote(entry, progress.as_ref().map(|progress| progress.state))
            }
            Write::Signal { signal, .. } => Seen::Signalled { who, id: signal.id.clone() },
            Write::MarkUnreadable { .. } => Seen::Unreadable { who },
        });
    }

    fn handed_out(&self, epoch: Epoch, ids: &[InstanceId]) {
        if !ids.is_empty() {
            let who = ids.iter().filter_map(|id| Who::of(id.as_str())).collect();
            self.world.see(Seen::HandedOut { life: self.process.life, epoch: epoch.get(), who });
        }
    }
}

#[async_trait]
impl Store for WeatheredStore {
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let failure = self.asked(Ask::Append).await?;
        self.touch(Touch::Append, batch.iter().map(Write::id))?;
        let whole = if failure == Some(Failure::Partly) { batch.len() / 2 } else { batch.len() };
        let results = self.write(&batch[..whole]).await?;
        self.world.passes(&self.process, Moment::Written);
        self.answer(results, failure).await
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        let failure = self.asked(Ask::Claim).await?;
        if self.world.flaws.store == Some(StoreFlaw::HandsOutNothing) {
            return Ok(Due::default());
        }
        let due = self.inner.due(epoch, now, limit).await?;
        self.handed_out(epoch, &due.ids);
        self.answer(due, failure).await
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let failure = self.asked(Ask::Claim).await?;
        if self.world.flaws.store == Some(StoreFlaw::HandsOutNothing) {
            return Ok(Vec::new());
        }
        if let Wanted::One(id) = &wanted {
            self.touch(Touch::Claim, std::iter::once(*id))?;
        }
        let ids = self.inner.claim(epoch, now, wanted).await?;
        self.handed_out(epoch, &ids);
        self.answer(ids, failure).await
    }

    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        let failure = self.asked(Ask::Join).await?;
        let epoch = self.inner.join(now, lease_until).await?;
        self.world.see(Seen::Joined { life: self.process.life, epoch: epoch.get() });
        self.answer(epoch, failure).await
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        let failure = self.asked(Ask::Renew).await?;
        let goes_on = self.inner.renew(epoch, now, lease_until).await?;
        let answer = self.answer(goes_on, failure).await;
        if let Ok(false) = answer {
            self.world.count("store: lease lost");
            self.world.see(Seen::ToldLost { life: self.process.life, epoch: epoch.get() });
        }
        answer
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        let failure = self.asked(Ask::Other).await?;
        self.inner.release(epoch).await?;
        self.answer((), failure).await
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        let failure = self.asked(Ask::Other).await?;
        let left = self.inner.left_behind(epoch).await?;
        self.answer(left, failure).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        let failure = self.asked(Ask::Other).await?;
        self.inner.settle(epoch).await?;
        self.answer((), failure).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let failure = self.asked(Ask::Load).await?;
        let found = self.inner.query(query).await?;
        self.answer(found, failure).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        let failure = self.asked(Ask::Load).await?;
        let unfinished = self.inner.unfinished().await?;
        self.answer(unfinished, failure).await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        let failure = self.asked(Ask::Other).await?;
        let deleted = self.inner.delete(ids).await?;
        self.answer(deleted, failure).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        let failure = self.asked(Ask::Other).await?;
        self.inner.define(definition).await?;
        self.answer((), failure).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        let failure = self.asked(Ask::Other).await?;
        let defined = self.inner.defined(saga, version).await?;
        self.answer(defined, failure).await
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        let failure = self.asked(Ask::Load).await?;
        self.touch(Touch::Load, ids.iter())?;
        let stored = self.inner.load(ids).await?;
        self.answer(stored, failure).await
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        let failure = self.asked(Ask::Load).await?;
        self.touch(Touch::Head, std::iter::once(id))?;
        let head = self.inner.head(id).await?;
        self.answer(head, failure).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        let failure = self.asked(Ask::Other).await?;
        self.inner.reopen().await?;
        self.answer((), failure).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.process.gate().await;
        self.inner.close().await
    }
}
