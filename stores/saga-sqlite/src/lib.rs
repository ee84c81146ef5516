//! The journal of sagas in a SQLite file: one file, no server, durable at every acknowledged write.
//!
//! Users of the facade find [`SqliteStore`] in its prelude. The file can be read with any SQLite tool while the
//! store is open: the views `instances`, `journal`, `signals` and `stays` show times and states in words.

mod asker;
mod connection;
mod convert;
mod error;
mod files;
mod reader;
mod schema;
mod store;
mod worker;
mod writer;

pub use store::SqliteStore;
