//! Where journals are kept between two lives of a process, of both kinds.

use std::path::PathBuf;

use sagas::journal::{Entry, codec};
use sagas::prelude::*;
use sagas::store::{Store, Stored};
use sagas::{Error, InstanceId};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::probe::Probe;
use super::soon;

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
        Ok(Probe::over(inner))
    }

    /// Opens the store once whoever has it lets go of it.
    pub(crate) async fn open_once_free(&self) -> Probe {
        loop {
            match self.try_open() {
                Ok(store) => return store,
                Err(error) => {
                    assert!(format!("{error:?}").contains("Locked"), "{error:?}");
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// What is kept of an instance; nobody may have the store.
    pub(crate) async fn stored(&self, id: &str) -> Option<Stored> {
        let store = self.open_once_free().await;
        let stored = store.load(&[InstanceId::new(id).unwrap()]).await.unwrap().pop().unwrap();
        store.close().await.unwrap();
        stored
    }

    /// The journal of an instance; nobody may have the store.
    pub(crate) async fn journal(&self, id: &str) -> Vec<Entry> {
        let stored = self.stored(id).await.expect("there is no such instance");
        stored.entries.iter().map(|entry| codec::decode(entry).unwrap()).collect()
    }

    /// Simulated time where the store answers at once, real time where a thread answers for it.
    pub(crate) fn runtime(&self) -> Runtime {
        let mut builder = Builder::new_current_thread();
        builder.enable_all();
        if matches!(self, Self::Memory(_)) {
            builder.start_paused(true);
        }
        builder.build().unwrap()
    }
}

/// Runs a test on both kinds of store.
pub(crate) fn on_both(test: impl AsyncFn(&Data)) {
    for data in Data::both() {
        data.runtime().block_on(soon(test(&data)));
    }
}
