//! Opening a connection, and making sure that it gives the guarantees of a store.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags};
use saga_core::store::{StoreError, StoreErrorKind};

use crate::error;
use crate::schema::{APPLICATION_ID, FORMAT};

/// How long a statement waits for another program that writes, such as a shell that somebody left open.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many pages the write-ahead log grows to before a commit moves them into the database (16 MiB). Fewer
/// would write the same pages of the B-trees again and again; more would make the moving commit slow.
const CHECKPOINT_PAGES: i64 = 2_048;

/// The page cache of a connection in KiB: the right edges of the B-trees of some thousand active instances.
const CACHE_KIB: i64 = 16 * 1024;

/// The oldest SQLite without a bug that can damage a database with a write-ahead log (3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// The value of `PRAGMA synchronous` that syncs at every commit.
const SYNCHRONOUS_FULL: i64 = 2;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Opens the database at `path`, which exists.
pub(crate) fn open(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let fail = |error| error::sqlite(path, "opening", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    // SQLite quietly opens for reading what it cannot open for writing.
    if connection.is_readonly(MAIN_DB).map_err(fail)? {
        return Err(StoreError::new(
            StoreErrorKind::ReadOnly,
            format!("{} cannot be written; a store needs to", path.display()),
        ));
    }
    connection.busy_timeout(BUSY_TIMEOUT).map_err(fail)?;
    verify_format(&connection, path)?;
    secure(&connection, path)?;
    // The append itself makes sure that its instance is there; a second look would cost a fifth of its time.
    connection.pragma_update(None, "foreign_keys", false).map_err(fail)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(fail)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(fail)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true).map_err(fail)?;
    }
    Ok(connection)
}

/// Makes every commit durable, and reads back that it is so: SQLite takes a word that it does not know for a
/// weaker mode, and falls back silently where a file system cannot do what is asked.
pub(crate) fn secure(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| error::sqlite(path, "opening", error);
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(weak(path, &format!("SQLite {} can damage it, 3.51.3 cannot", rusqlite::version())));
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(fail)?;
    if mode != "wal" {
        return Err(weak(path, &format!("its journal mode is {mode}, not wal")));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(fail)?;
    let synchronous: i64 =
        connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(fail)?;
    if synchronous != SYNCHRONOUS_FULL {
        return Err(weak(path, &format!("its synchronous mode is {synchronous}, not {SYNCHRONOUS_FULL}")));
    }
    // On macOS an ordinary sync leaves the data in the drive's cache. Elsewhere these change nothing.
    connection.pragma_update(None, "fullfsync", true).map_err(fail)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true).map_err(fail)
}

/// Moves everything out of the write-ahead log into the database, and syncs it.
///
/// After a failed sync the log may hold commits that are in memory only, with the system believing that they are
/// on the disk. Written anew, they are.
pub(crate) fn harden(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| error::sqlite(path, "reopening", error);
    let (pages, moved): (i64, i64) = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
        .map_err(fail)?;
    if pages == moved {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Locked,
        format!("reopening {} failed: another program is reading it", path.display()),
    ))
}

/// Refuses what is not ours or newer than us.
pub(crate) fn verify_format(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| error::sqlite(path, "opening", error);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(fail);
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::new(
            StoreErrorKind::NotAStore,
            format!("{} is a database of another program, nothing of it was changed", path.display()),
        ));
    }
    match pragma("user_version")? {
        FORMAT => Ok(()),
        newer if newer > FORMAT => Err(StoreError::new(
            StoreErrorKind::NewerFormat,
            format!("{} has format {newer}, this version reads up to {FORMAT}", path.display()),
        )),
        unknown => Err(StoreError::new(
            StoreErrorKind::Corrupt,
            format!("{} has format {unknown}, which never was", path.display()),
        )),
    }
}

fn weak(path: &Path, why: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Unsafe,
        format!("{} would lose what was acknowledged: {why}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_that_cannot_be_durable_is_refused() {
        // A database in memory has no log, whatever is asked.
        let connection = Connection::open_in_memory().unwrap();
        let error = secure(&connection, Path::new("sagas.db")).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsafe);
        assert!(error.to_string().contains("journal mode is memory"), "{error}");
    }
}
