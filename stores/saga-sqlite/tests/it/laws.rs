//! The store in a SQLite file keeps the laws.

use std::sync::Arc;

use async_trait::async_trait;
use saga_conformance::{Fixture, Stays};
use saga_core::store::Store;
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

struct InFile(TempDir);

#[async_trait]
impl Fixture for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path().join("sagas.db")).unwrap())
    }

    fn stays(&self) -> Stays {
        Stays::One
    }
}

saga_conformance::laws!(|| InFile(TempDir::new().unwrap()));
