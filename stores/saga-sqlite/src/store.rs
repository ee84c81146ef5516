//! The store and its two threads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use saga_core::error::Error;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::Head;
use saga_core::store::{
    Defined, Due, InUse, Refusal, Store, StoreError, StoreErrorKind, Stored, Wanted, Write,
};
use saga_core::time::Timestamp;

use crate::files::Files;
use crate::reader::{Reader, Reading};
use crate::worker::Worker;
use crate::writer::{Claim, Writer, Writing};

/// A store in a SQLite file.
///
/// What was acknowledged survives a crash of the process and a loss of power: the file is in WAL mode with
/// `synchronous=FULL`, and is refused if it does not give that. One process at a time has it; a file `<name>-lock`
/// beside it says so, and is left there. The lock is free when [`close`](Store::close) has returned; a store that
/// is dropped without being closed frees it soon after, when what was asked of it is done.
///
/// Every file it creates is for its owner alone (mode 0600), since payloads are private. A mode that somebody
/// gives the database later is kept, and SQLite gives it to `<name>-wal` and `<name>-shm` too.
///
/// Other programs may read the file while the store is open; one that writes to it delays the store.
pub struct SqliteStore {
    database: PathBuf,
    writer: Worker<Writing>,
    reader: Worker<Reading>,
    closed: AtomicBool,
}

impl SqliteStore {
    /// Opens the database at `path`, and creates it if it is not there; its folder must be. This blocks for some
    /// milliseconds.
    ///
    /// # Errors
    /// [`Error::Store`], of the kind [`Locked`](StoreErrorKind::Locked) if it is open already, here or in another
    /// process; [`NotAStore`](StoreErrorKind::NotAStore) if something else is there, of which nothing was
    /// changed; [`NewerFormat`](StoreErrorKind::NewerFormat) if a newer version wrote it: update this program;
    /// [`ReadOnly`](StoreErrorKind::ReadOnly) if it or its folder cannot be written;
    /// [`NotFound`](StoreErrorKind::NotFound) if the folder is not there; [`Corrupt`](StoreErrorKind::Corrupt) if
    /// it is damaged; [`Unsafe`](StoreErrorKind::Unsafe) if the file system cannot make it durable;
    /// [`Full`](StoreErrorKind::Full) or [`Io`](StoreErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let files = Files::open(path.as_ref())?;
        Ok(Self {
            database: files.database.clone(),
            writer: Worker::spawn(files.clone())?,
            reader: Worker::spawn(files)?,
            closed: AtomicBool::new(false),
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl for<'a, 'c> FnOnce(&'a mut Writer<'c>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.open_still()?;
        self.writer.run(&self.database, "writing to", job).await.ok_or_else(|| self.gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl for<'a, 'c> FnOnce(&'a mut Reader<'c>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.open_still()?;
        self.reader.run(&self.database, "reading", job).await.ok_or_else(|| self.gone())?
    }

    fn open_still(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) { Err(self.gone()) } else { Ok(()) }
    }

    /// Why there is no thread to ask.
    fn gone(&self) -> StoreError {
        let database = self.database.display();
        if self.closed.load(Ordering::Acquire) {
            return StoreError::new(StoreErrorKind::Closed, format!("{database} is closed"));
        }
        StoreError::new(StoreErrorKind::Io, format!("a thread of {database} has ended; see its panic"))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("database", &self.database).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    /// The stays before end with it: one process has the file, and one stay at a time.
    async fn join(&self, now: Timestamp, _lease_until: Timestamp) -> Result<Epoch, StoreError> {
        self.write(move |writer| writer.join(now)).await
    }

    /// Leases do not pass: nobody else could take the instances.
    async fn renew(
        &self,
        epoch: Epoch,
        _now: Timestamp,
        _lease_until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |writer| writer.is_live(epoch)).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.write(move |writer| writer.release(epoch)).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        let definition = definition.clone();
        self.write(move |writer| writer.define(&definition)).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        let saga = saga.to_owned();
        self.read(move |reader| reader.defined(&saga, version)).await
    }

    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        let batch = batch.to_vec();
        self.write(move |writer| writer.append(&batch)).await
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |reader| reader.load(&ids)).await
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        let id = id.clone();
        self.read(move |reader| reader.head(&id)).await
    }

    async fn claim(
        &self,
        epoch: Epoch,
        _now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let claim = Claim::from(wanted);
        self.write(move |writer| writer.claim(epoch, &claim)).await
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        self.write(move |writer| writer.due(epoch, now, limit)).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.open_still()?;
        // The reader would keep the log from being moved into the database.
        self.reader.disconnect().await.ok_or_else(|| self.gone())?;
        self.writer.disconnect().await.ok_or_else(|| self.gone())?;
        self.writer.connect().await.ok_or_else(|| self.gone())??;
        self.reader.connect().await.ok_or_else(|| self.gone())?
    }

    /// Never fails: what was acknowledged is durable, and what the threads held is free.
    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.reader.stop().await;
        self.writer.stop().await;
        Ok(())
    }
}
