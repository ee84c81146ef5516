//! The laws of a store of sagas, as a test kit for any store.
//!
//! A store keeps what the documentation of [`Store`](saga_core::store::Store) says. To prove it, write a
//! [`Fixture`] and name a function that makes one over no data; [`laws!`] makes a test of each law:
//!
//! ```
//! use std::sync::Arc;
//!
//! use saga_conformance::Fixture;
//! use saga_core::store::{MemoryStore, Store};
//!
//! struct InMemory(MemoryStore);
//!
//! #[async_trait::async_trait]
//! impl Fixture for InMemory {
//!     async fn open(&self) -> Arc<dyn Store> {
//!         Arc::new(self.0.clone())
//!     }
//! }
//!
//! saga_conformance::laws!(|| InMemory(MemoryStore::new()));
//! ```
//!
//! A test that fails says which law is broken, and what the store did.

mod appending;
mod asking;
mod claiming;
mod closing;
mod defining;
mod deleting;
mod due;
mod fixture;
mod law;
mod leaving;
mod model;
mod paging;
mod random;
mod reading;
mod sample;
mod signals;
mod stays;
mod waking;

pub use fixture::{Fixture, Stays};
pub use law::{Broken, Law, check, check_all};
