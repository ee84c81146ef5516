//! The store that does as planned.

use async_trait::async_trait;
use sagas::InstanceId;
use sagas::journal::Head;
use sagas::store::{
    Defined, Due, Epoch, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, Stored, Timestamp,
    Unfinished, Wanted, Write,
};

use super::{Asked, Fault, HandOut, Moment, Plan, broken};

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
        self.plan.check_join()?;
        self.inner.join(now, lease_until).await
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        if self.plan.is_late() {
            self.plan.renewed_late.notified().await;
        } else {
            self.plan.released(Asked::Renew).await;
        }
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
