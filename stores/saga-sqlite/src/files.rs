//! The files of a store: finding, inspecting, locking and creating them.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use saga_core::store::{StoreError, StoreErrorKind};

use crate::{connection, error, schema};

/// The fewest bytes of a SQLite database: its smallest page.
const DATABASE_BYTES_MIN: u64 = 512;

/// How many links to a database are followed before it counts as not there.
const LINKS_MAX: usize = 40;

/// The database of a store and its lock, which is free when the last clone of this is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) database: PathBuf,
    _lock: Arc<Lock>,
}

/// The lock of a database, as long as it lives.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is just being started has it open too for a moment.
        // If this fails there is nothing to do but that.
        let _ = self.0.unlock();
    }
}

impl Files {
    /// Locks the database at `path`, and creates it if it is not there. What is there and not ours is refused
    /// before anything is written, the lock included.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = resolve(path)?;
        match inspect(&database) {
            Err(error) if error.kind() == StoreErrorKind::NotAStore => return Err(error),
            // Whoever holds the lock may be writing: what seems wrong is looked at again under it.
            Ok(_) | Err(_) => {}
        }
        let lock = lock(&database)?;
        match inspect(&database)? {
            Found::Store => {}
            Found::Nothing => create(&database)?,
        }
        Ok(Self { database, _lock: Arc::new(lock) })
    }
}

/// What is at the path of a database.
enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A store of a format that we read.
    Store,
}

/// The one true path: two paths to a database must come to one lock, and SQLite names its files after it.
fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    if path == Path::new(":memory:") {
        return Err(StoreError::new(
            StoreErrorKind::NotFound,
            ":memory: is not a file; for a store in memory there is MemoryStore",
        ));
    }
    let fail = |error| error::io(path, "opening", error);
    let mut path_now = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::canonicalize(&path_now) {
            Ok(found) => return Ok(found),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            Err(_) => {}
        }
        // What is not there may be a link to what is not there yet.
        match fs::read_link(&path_now) {
            Ok(target) => path_now = folder(&path_now).join(target),
            Err(_) => {
                let name = path_now.file_name().ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
                let folder = fs::canonicalize(folder(&path_now)).map_err(|error| {
                    error::io(folder(&path_now), "opening a database in the folder", error)
                })?;
                return Ok(folder.join(name));
            }
        }
    }
    Err(fail(io::Error::other("too many links")))
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The path of a file beside the database.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

/// Looks at what is there without changing it.
///
/// SQLite reads it, as a file that nobody changes: so it leaves no files beside it. Reading it ourselves would be
/// worse, for closing a file drops all locks that this process has on it, those of other connections included.
fn inspect(database: &Path) -> Result<Found, StoreError> {
    // The log first: a store that is just being created has its database before it has a log.
    let log =
        ["-wal", "-journal"].map(|suffix| beside(database, suffix)).into_iter().find(|log| has_bytes(log));
    let metadata = match fs::metadata(database) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return nothing(database, log),
        Err(error) => return Err(error::io(database, "opening", error)),
    };
    if !metadata.is_file() {
        return Err(StoreError::new(
            StoreErrorKind::NotAStore,
            format!("{} is not a file", database.display()),
        ));
    }
    // Nobody should write to a file that is marked so, not even who could.
    if metadata.permissions().readonly() {
        return Err(read_only(database));
    }
    match metadata.len() {
        0 => return nothing(database, log),
        1..DATABASE_BYTES_MIN => return Err(too_short(database, metadata.len())),
        DATABASE_BYTES_MIN.. => {}
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(unchanging(database), flags)
        .map_err(|error| error::sqlite(database, "opening", error))?;
    connection::verify_format(&connection, database)?;
    verify_length(&connection, database, metadata.len())?;
    Ok(Found::Store)
}

/// There is no database, so one can be created, unless there is the log of one that was here: SQLite would replay it
/// into the new one.
fn nothing(database: &Path, log: Option<PathBuf>) -> Result<Found, StoreError> {
    let Some(log) = log else { return Ok(Found::Nothing) };
    let (database, log) = (database.display(), log.display());
    Err(StoreError::new(
        StoreErrorKind::NotAStore,
        format!(
            "{database} is not there or empty, but {log} is what a database of this name left, and may hold the \
             last of its entries: bring the database back, or remove {log} to begin anew; nothing was changed"
        ),
    ))
}

/// Whether a file is there and not empty.
fn has_bytes(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

/// SQLite would take it for a database with nothing in it.
fn too_short(database: &Path, bytes: u64) -> StoreError {
    StoreError::new(
        StoreErrorKind::NotAStore,
        format!(
            "{} is too short for a database: it is a file of another program, or a store that was cut off after \
             {bytes} bytes, to be restored from a copy; nothing of it was changed",
            database.display()
        ),
    )
}

/// Refuses a database whose last page is cut off, which SQLite would read as zeros. Missing pages it finds itself.
fn verify_length(connection: &Connection, database: &Path, bytes: u64) -> Result<(), StoreError> {
    // As long as there is a log, what is missing may stand there.
    if has_bytes(&beside(database, "-wal")) {
        return Ok(());
    }
    let page: i64 = connection
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(|error| error::sqlite(database, "opening", error))?;
    if u64::try_from(page).is_ok_and(|page| bytes.is_multiple_of(page)) {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Corrupt,
        format!("{} is cut off after {bytes} bytes, restore it from a copy", database.display()),
    ))
}

/// The database as an address that tells SQLite that nobody changes it. Its application id is there from the
/// first moment, so what may still be in a write-ahead log does not matter.
fn unchanging(database: &Path) -> String {
    let mut address = String::from("file:");
    for byte in database.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                address.push(char::from(*byte))
            }
            _ => address.push_str(&format!("%{byte:02x}")),
        }
    }
    address.push_str("?immutable=1");
    address
}

/// Takes the lock, or says that another has it. The lock is a file of its own, since SQLite locks the database in
/// its own way, and it stays when the store is closed: a lock file that is deleted can be locked twice.
fn lock(database: &Path) -> Result<Lock, StoreError> {
    let folder = folder(database);
    let metadata = fs::metadata(folder).map_err(|error| error::io(folder, "opening the folder", error))?;
    if metadata.permissions().readonly() {
        return Err(read_only(folder));
    }
    let path = beside(database, "-lock");
    let file = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(&path)
        .map_err(|error| error::io(&path, "opening", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::new(
            StoreErrorKind::Locked,
            format!(
                "{} is open already, here or in another process; close it there, or use another file",
                database.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(error::io(&path, "locking", error)),
    }
}

/// Creates the database under another name, and gives it its own when it is whole: so a crash leaves a whole
/// store or none.
fn create(database: &Path) -> Result<(), StoreError> {
    let draft = beside(database, "-new");
    for leftover in
        [beside(&draft, "-journal"), beside(&draft, "-wal"), beside(&draft, "-shm"), draft.clone()]
    {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error::io(&leftover, "removing", error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    // SQLite gives the files beside a database the mode of the database.
    private(OpenOptions::new().write(true).create_new(true))
        .open(&draft)
        .map_err(|error| error::io(&draft, "creating", error))?;
    let fail = |error| error::sqlite(&draft, "creating", error);
    let connection = Connection::open_with_flags(
        &draft,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(fail)?;
    schema::create(&connection).map_err(fail)?;
    connection::secure(&connection, &draft)?;
    connection.close().map_err(|(_, error)| fail(error))?;
    fs::rename(&draft, database).map_err(|error| error::io(database, "creating", error))?;
    sync_folder(folder(database))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let fail = |error| error::io(folder, "syncing the folder", error);
        File::open(folder).map_err(fail)?.sync_all().map_err(fail)?;
    }
    Ok(())
}

/// A file that only its owner reads: payloads are private.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn read_only(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::ReadOnly,
        format!("{} is read-only; a store writes to it", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_is_free_although_a_process_that_is_being_started_has_a_copy_of_its_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("sagas.db");
        let files = Files::open(&path).unwrap();
        let copy = files._lock.0.try_clone().unwrap();
        assert_eq!(Files::open(&path).unwrap_err().kind(), StoreErrorKind::Locked);
        drop(files);
        Files::open(&path).unwrap();
        drop(copy);
    }
}
