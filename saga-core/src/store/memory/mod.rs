//! The store in memory.

mod data;
mod handle;
mod stays;

pub use handle::MemoryStore;
