//! The store in memory keeps the laws.

use std::sync::Arc;

use async_trait::async_trait;
use saga_conformance::Fixture;
use saga_core::store::{MemoryStore, Store};

struct InMemory(MemoryStore);

#[async_trait]
impl Fixture for InMemory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }
}

saga_conformance::laws!(|| InMemory(MemoryStore::new()));
