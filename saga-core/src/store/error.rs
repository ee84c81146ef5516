//! What can go wrong in a store.

use std::error::Error;
use std::sync::Arc;

/// A store failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync + 'static>>,
}

/// How a store failed, for programs to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It was closed.
    Closed,
    /// It is open elsewhere, in this process or another, or another program keeps it from being written.
    Locked,
    /// What is there is not a store of this kind. Nothing of it was changed.
    NotAStore,
    /// It was written by a newer version of this library.
    NewerFormat,
    /// It cannot be written.
    ReadOnly,
    /// There is no room left.
    Full,
    /// It is damaged.
    Corrupt,
    /// It does not give the guarantees that a store needs.
    Unsafe,
    /// It is not there, or its path cannot be used.
    NotFound,
    /// Reading or writing failed.
    Io,
}

impl StoreError {
    /// A failure of this kind, in words: what failed, with paths and names, and what to do about it.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// How it failed.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}
