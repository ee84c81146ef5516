//! What the store in a SQLite file does beside keeping the laws.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up is a test that fails")]

mod deleting;
mod durability;
mod files;
mod foreign;
mod format;
mod laws;
mod locks;
mod sample;
