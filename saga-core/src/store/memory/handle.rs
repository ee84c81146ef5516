//! The handle that programs have of a store in memory.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::data::Data;
use crate::id::{Epoch, InstanceId};
use crate::journal::Head;
use crate::store::{
    Defined, Due, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, StoreErrorKind, Stored,
    Unfinished, Wanted, Write,
};
use crate::time::Timestamp;

/// A store in memory, for tests and for programs whose sagas need not outlive the process. It keeps every law
/// of a [`Store`] but durability: after a crash of the process nothing is left.
///
/// Clones share the data, and each is a handle of its own: [`close`](Store::close) closes only the handle it is
/// called on, and the clone of a closed handle is open. So a test opens the same data anew with `store.clone()`.
///
/// ```
/// use saga_core::store::{MemoryStore, Store};
/// use saga_core::time::Timestamp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), saga_core::store::StoreError> {
/// let now = Timestamp::from_millis(0);
/// let store = MemoryStore::new();
/// let first = store.join(now, now).await?;
/// store.close().await?;
/// assert!(store.join(now, now).await.is_err());
///
/// let opened_anew = store.clone();
/// assert!(opened_anew.join(now, now).await? > first);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct MemoryStore {
    data: Arc<Mutex<Data>>,
    closed: AtomicBool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another store that holds what this one holds now, also if this handle is closed; from here on the two are
    /// apart. It is what a crash at this moment would leave behind, so a test can go on from there.
    ///
    /// ```
    /// use saga_core::store::{MemoryStore, Store};
    /// use saga_core::time::Timestamp;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), saga_core::store::StoreError> {
    /// let now = Timestamp::from_millis(0);
    /// let store = MemoryStore::new();
    /// let left_behind = store.fork();
    /// let epoch = store.join(now, now).await?;
    /// assert_eq!(left_behind.join(now, now).await?, epoch, "neither knows of the other");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fork(&self) -> Self {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { data: Arc::new(Mutex::new(data)), closed: AtomicBool::new(false) }
    }

    /// The data, unless this handle is closed.
    fn data(&self) -> Result<MutexGuard<'_, Data>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::new(StoreErrorKind::Closed, "the store in memory is closed"));
        }
        // No operation stops half way, so what a panicking thread leaves behind is whole.
        Ok(self.data.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clone for MemoryStore {
    /// Another handle to the same data, open even if this one is closed.
    fn clone(&self) -> Self {
        Self { data: Arc::clone(&self.data), closed: AtomicBool::new(false) }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("closed", &self.closed).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        Ok(self.data()?.join(now, lease_until))
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.data()?.stays.renew(epoch, now, lease_until))
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.data()?.stays.release(epoch);
        Ok(())
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        Ok(self.data()?.stays.left_behind(epoch))
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.data()?.stays.settle(epoch);
        Ok(())
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.data()?.define(definition);
        Ok(())
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        Ok(self.data()?.defined(saga, version))
    }

    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let mut data = self.data()?;
        Ok(batch.iter().map(|write| data.write(write)).collect())
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        let data = self.data()?;
        Ok(ids.iter().map(|id| data.load(id)).collect())
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        Ok(self.data()?.head(id))
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        Ok(self.data()?.claim(epoch, now, wanted))
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        Ok(self.data()?.due(epoch, now, limit))
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        Ok(self.data()?.query(query))
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        Ok(self.data()?.unfinished())
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        Ok(self.data()?.delete(ids))
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.data().map(drop)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}
