//! The store and its three threads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use saga_core::error::Error;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::Head;
use saga_core::store::{
    Defined, Due, InUse, LeftBehind, Position, Query, Refusal, Store, StoreError, StoreErrorKind, Stored,
    Unfinished, Wanted, Write,
};
use saga_core::time::Timestamp;

use crate::asker::{Asker, Asking};
use crate::files::Files;
use crate::reader::{Reader, Reading};
use crate::worker::{Failed, Worker};
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
/// Other programs may read the file while the store is open; one that writes to it delays the store. If it keeps its
/// lock for more than five seconds, what is written meanwhile is answered with
/// [`Locked`](StoreErrorKind::Locked), and the store goes on when the lock is free.
///
/// ```
/// use saga_core::store::Store;
/// use saga_sqlite::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.db");
/// let store = SqliteStore::open(&path)?;
/// // An orchestrator takes it, and closes it when it shuts down. Until then nobody else can open it.
/// assert!(SqliteStore::open(&path).is_err());
/// store.close().await?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    database: PathBuf,
    writer: Worker<Writing>,
    reader: Worker<Reading>,
    asker: Worker<Asking>,
    closed: AtomicBool,
}

impl SqliteStore {
    /// Opens the database at `path`, and creates it if it is not there; its folder must be.
    ///
    /// This blocks for some milliseconds. After a crash it first moves what the log holds into the database, for
    /// which it waits up to five seconds while another program reads or writes there; so where that would hold up
    /// other tasks, call it in `spawn_blocking`.
    ///
    /// # Errors
    /// [`Error::Store`], of the kind [`Locked`](StoreErrorKind::Locked) if it is open already, here or in another
    /// process, or if another program goes on reading or writing there after a crash; [`NotAStore`](StoreErrorKind::NotAStore) if something else is there, or the log of a database that is
    /// gone, of which nothing was changed; [`NewerFormat`](StoreErrorKind::NewerFormat) if a newer version wrote it: update this program;
    /// [`ReadOnly`](StoreErrorKind::ReadOnly) if it or its folder cannot be written;
    /// [`NotFound`](StoreErrorKind::NotFound) if the folder is not there; [`Corrupt`](StoreErrorKind::Corrupt) if
    /// it is damaged; [`Unsafe`](StoreErrorKind::Unsafe) if the file system cannot make it durable;
    /// [`Full`](StoreErrorKind::Full) or [`Io`](StoreErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let files = Files::open(path.as_ref())?;
        Ok(Self {
            database: files.database.clone(),
            writer: Worker::spawn(files.clone())?,
            reader: Worker::spawn(files.clone())?,
            asker: Worker::spawn(files)?,
            closed: AtomicBool::new(false),
        })
    }

    async fn write<T: Send + 'static, E: Into<Failed>>(
        &self,
        job: impl for<'a, 'c> FnOnce(&'a mut Writer<'c>) -> Result<T, E> + Send + 'static,
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

    async fn ask<T: Send + 'static>(
        &self,
        job: impl for<'a, 'c> FnOnce(&'a mut Asker<'c>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.open_still()?;
        self.asker.run(&self.database, "reading", job).await.ok_or_else(|| self.gone())?
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
    async fn renew(&self, epoch: Epoch, now: Timestamp, _lease_until: Timestamp) -> Result<bool, StoreError> {
        self.write(move |writer| writer.renew(epoch, now)).await
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.write(move |writer| writer.release(epoch)).await
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.read(move |reader| reader.left_behind(epoch)).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.write(move |writer| writer.settle(epoch)).await
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

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let query = query.clone();
        self.ask(move |asker| asker.query(&query)).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.ask(|asker| asker.unfinished()).await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        let ids = ids.to_vec();
        self.write(move |writer| writer.delete(&ids)).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.open_still()?;
        // The lock of another program has changed nothing, and might keep this from succeeding.
        if self.writer.is_sound() && self.reader.is_sound() && self.asker.is_sound() {
            return Ok(());
        }
        // Who reads would keep the log from being moved into the database.
        self.asker.disconnect().await.ok_or_else(|| self.gone())?;
        self.reader.disconnect().await.ok_or_else(|| self.gone())?;
        self.writer.disconnect().await.ok_or_else(|| self.gone())?;
        self.writer.connect().await.ok_or_else(|| self.gone())??;
        self.reader.connect().await.ok_or_else(|| self.gone())??;
        self.asker.connect().await.ok_or_else(|| self.gone())?
    }

    /// Never fails: what was acknowledged is durable, and what the threads held is free.
    async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.asker.stop().await;
        self.reader.stop().await;
        self.writer.stop().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Connection;
    use saga_core::definition::ShapeId;
    use saga_core::id::Seq;
    use saga_core::journal::{EncodedEntry, InstanceState, Progress};
    use tempfile::TempDir;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn create(id: &str, epoch: Epoch, events: String) -> Write {
        let head = Head {
            id: InstanceId::new(id).unwrap(),
            saga: Arc::from("order-flow"),
            version: 1,
            shape: ShapeId::new("shape"),
            parent: None,
            created_at: NOW,
            seq: Seq::FIRST,
            progress: Progress::new(InstanceState::Running, NOW),
        };
        Write::Create { head, entry: EncodedEntry { seq: Seq::FIRST, epoch, at: NOW, format: 1, events } }
    }

    #[tokio::test]
    async fn full_disk_fails_the_batch_and_nothing_is_written_until_the_store_is_opened_anew() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(folder.path().join("sagas.db")).unwrap();
        let epoch = store.join(NOW, NOW).await.unwrap();
        let small = |id: &str| create(id, epoch, String::from("[]"));
        assert_eq!(store.append(&[small("before")]).await.unwrap(), [Ok(())]);

        store.write(|writer| writer.limit_pages(20)).await.unwrap();
        let batch = [small("first"), create("large", epoch, "x".repeat(1024 * 1024)), small("last")];
        assert_eq!(store.append(&batch).await.unwrap_err().kind(), StoreErrorKind::Full);
        // There would be room for this one; but who knows what is on the disk.
        let error = store.append(&[small("after")]).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Full);
        assert!(error.to_string().contains("must be opened anew"), "{error}");
        let ids = ["before", "first", "large", "last", "after"].map(|id| InstanceId::new(id).unwrap());
        let there = |found: Vec<Option<Stored>>| found.iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(there(store.load(&ids).await.unwrap()), [true, false, false, false, false]);

        store.reopen().await.unwrap();
        assert!(store.renew(epoch, NOW, NOW).await.unwrap());
        assert_eq!(store.append(&batch).await.unwrap(), [Ok(()), Ok(()), Ok(())]);
        assert_eq!(there(store.load(&ids).await.unwrap()), [true, true, true, true, false]);
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn lock_of_another_program_stops_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sagas.db");
        let store = SqliteStore::open(&path).unwrap();
        let epoch = store.join(NOW, NOW).await.unwrap();
        store.write(|writer| writer.do_not_wait()).await.unwrap();
        let order = |id: &str| create(id, epoch, String::from("[]"));
        let id = |id: &str| InstanceId::new(id).unwrap();

        // What a reader has seen cannot be moved out of the log, so that nothing can be opened anew.
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM instance").unwrap();
        assert_eq!(store.append(&[order("before")]).await.unwrap(), [Ok(())]);
        let shell = Connection::open(&path).unwrap();
        shell.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..2 {
            let error = store.append(&[order("meanwhile")]).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Locked);
            assert!(error.to_string().contains("sagas.db"), "{error}");
            assert_eq!(store.due(epoch, NOW, 1).await.unwrap_err().kind(), StoreErrorKind::Locked);
            assert!(store.renew(epoch, NOW, NOW).await.unwrap());
            assert!(store.head(&id("before")).await.unwrap().is_some());
            assert!(store.head(&id("meanwhile")).await.unwrap().is_none());
            store.reopen().await.unwrap();
        }
        shell.execute_batch("COMMIT").unwrap();
        assert_eq!(store.append(&[order("after")]).await.unwrap(), [Ok(())]);
        assert!(store.head(&id("after")).await.unwrap().is_some());
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn question_that_fails_before_a_transaction_does_not_stop_writing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sagas.db");
        let store = SqliteStore::open(&path).unwrap();
        let epoch = store.join(NOW, NOW).await.unwrap();
        let shell = Connection::open(&path).unwrap();
        shell.execute_batch("ALTER TABLE stay RENAME TO hidden").unwrap();
        assert_eq!(store.renew(epoch, NOW, NOW).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
        assert_eq!(store.append(&[create("order", epoch, String::from("[]"))]).await.unwrap(), [Ok(())]);
        // In a transaction the same error is one of writing.
        assert_eq!(store.release(epoch).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
        let error = store.append(&[create("late", epoch, String::from("[]"))]).await.unwrap_err();
        assert!(error.to_string().contains("sagas.db must be opened anew"), "{error}");
        shell.execute_batch("ALTER TABLE hidden RENAME TO stay").unwrap();
        store.reopen().await.unwrap();
        assert!(store.renew(epoch, NOW, NOW).await.unwrap());
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn store_that_stopped_at_an_error_can_be_closed() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sagas.db");
        let store = SqliteStore::open(&path).unwrap();
        let epoch = store.join(NOW, NOW).await.unwrap();
        store.write(|writer| writer.limit_pages(20)).await.unwrap();
        store.append(&[create("large", epoch, "x".repeat(1024 * 1024))]).await.unwrap_err();
        store.close().await.unwrap();
        SqliteStore::open(&path).unwrap().close().await.unwrap();
    }
}
