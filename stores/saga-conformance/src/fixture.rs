//! What the kit needs of a store to test it.

use std::sync::Arc;

use async_trait::async_trait;
use saga_core::store::Store;

/// Data of its own, and how to open a store on it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Opens the store; at the first time it is empty. Before it calls this again the kit closes the store it has,
    /// and expects what that was told.
    async fn open(&self) -> Arc<dyn Store>;

    /// Whether several workers can be at the store.
    fn stays(&self) -> Stays {
        Stays::Many
    }
}

/// How many stays of workers can be live at a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// Any number: each ends with its lease.
    Many,
    /// One, since one process has the store for itself: it ends when the next begins. Leases do not pass.
    One,
}
