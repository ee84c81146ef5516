//! The journal of sagas in a SQLite file.
