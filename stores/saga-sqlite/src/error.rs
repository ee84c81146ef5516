//! Errors of SQLite and of the file system, as errors of a store.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;
use saga_core::store::{StoreError, StoreErrorKind};

/// An error of SQLite while `doing` something with the database at `path`.
pub(crate) fn sqlite(path: &Path, doing: &str, error: rusqlite::Error) -> StoreError {
    let kind = kind(&error);
    let advice = match kind {
        StoreErrorKind::Full => ": there is no room left, free some and go on",
        StoreErrorKind::ReadOnly => ": it cannot be written",
        StoreErrorKind::Corrupt => ": it is damaged, restore it from a copy",
        StoreErrorKind::Locked => ": another program is writing to it",
        StoreErrorKind::NotAStore => ": it is not a database",
        _ => "",
    };
    StoreError::new(kind, format!("{doing} {} failed{advice}", path.display())).caused_by(error)
}

/// An error of the file system while `doing` something with the file or folder at `path`.
pub(crate) fn io(path: &Path, doing: &str, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreErrorKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreErrorKind::ReadOnly,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        _ => StoreErrorKind::Io,
    };
    StoreError::new(kind, format!("{doing} {} failed", path.display())).caused_by(error)
}

fn kind(error: &rusqlite::Error) -> StoreErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreErrorKind::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreErrorKind::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreErrorKind::Locked,
        Some(ErrorCode::NotADatabase) => StoreErrorKind::NotAStore,
        // A missing table or column is an error of its own kind in SQLite; in a file that says it is ours it
        // means that somebody changed it.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown | ErrorCode::TypeMismatch) => {
            StoreErrorKind::Corrupt
        }
        Some(_) => StoreErrorKind::Io,
        // The error is not SQLite's but of reading a row: a column holds what we never write.
        None => StoreErrorKind::Corrupt,
    }
}
