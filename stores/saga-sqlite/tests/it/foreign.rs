//! Files that are not a store of this version stay as they are.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use saga_core::store::{Store, StoreErrorKind};
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{closed_store, create, entries, files, id, join, kind, refused, taken};

/// The bytes of a page of a store.
const PAGE: usize = 8_192;

/// Whatever is in the folder is refused, and stays to the byte.
fn stays_as_it_is(path: &Path, expected: StoreErrorKind) -> String {
    let folder = path.parent().unwrap();
    let before = files(folder);
    let error = refused(path);
    assert_eq!(error.kind(), expected, "{error}");
    assert!(error.to_string().contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    let after = files(folder);
    assert!(before == after, "{:?} became {:?}", before.keys(), after.keys());
    error.to_string()
}

#[test]
fn other_files_are_not_stores() {
    let mut head_of_nothing = b"SQLite format 3\0".to_vec();
    head_of_nothing.extend([0xa5; 8_000]);
    let contents =
        [b"x".to_vec(), b"id,total\n1,20\n".to_vec(), vec![0; 4_096], vec![0xff; 10_000], head_of_nothing];
    for content in contents {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("orders.csv");
        fs::write(&path, content).unwrap();
        stays_as_it_is(&path, StoreErrorKind::NotAStore);
    }
}

#[test]
fn folder_is_not_a_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    fs::create_dir(&path).unwrap();
    stays_as_it_is(&path, StoreErrorKind::NotAStore);
}

#[test]
fn database_of_another_program_is_not_a_store() {
    for setup in [
        "CREATE TABLE product (id INTEGER PRIMARY KEY)",
        "PRAGMA application_id = 42; CREATE TABLE instance (id TEXT)",
        "PRAGMA journal_mode = WAL; CREATE TABLE product (id INTEGER PRIMARY KEY)",
        "PRAGMA user_version = 1; PRAGMA journal_mode = WAL",
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("products.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(setup).unwrap();
        // While the other program has it open, its log beside it, and after.
        stays_as_it_is(&path, StoreErrorKind::NotAStore);
        connection.execute_batch("CREATE TABLE more (id INTEGER)").unwrap();
        drop(connection);
        stays_as_it_is(&path, StoreErrorKind::NotAStore);
    }
}

#[test]
fn locks_that_this_process_has_on_a_foreign_database_are_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("products.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE product (id INTEGER); BEGIN EXCLUSIVE").unwrap();
    assert!(SqliteStore::open(&path).is_err());
    assert!(locked_for_others(&path), "opening dropped the lock of another connection");
    connection.execute_batch("COMMIT").unwrap();
    assert!(!locked_for_others(&path));
}

/// Whether another process cannot write to the database. Locks of files are those of a process, so it has to be
/// another that tries.
fn locked_for_others(path: &Path) -> bool {
    let child = crate::locks::child("locks::child_writes_to_a_database", path);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("wrote: "), "{text}");
    text.contains("wrote: no")
}

#[tokio::test]
async fn newer_store_is_left_to_newer_versions() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    stays_as_it_is(&path, StoreErrorKind::NewerFormat);
}

#[tokio::test]
async fn log_that_lost_its_database_is_not_replayed_into_a_new_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch)]).await;
    for (suffix, emptied) in [("-wal", false), ("-wal", true), ("-journal", false), ("-journal", true)] {
        // What a kill and `rm sagas.db` leave.
        let crashed = TempDir::new().unwrap();
        let database = crashed.path().join("sagas.db");
        let log = crashed.path().join(format!("sagas.db{suffix}"));
        fs::copy(folder.path().join("sagas.db-wal"), &log).unwrap();
        if emptied {
            fs::write(&database, "").unwrap();
        }
        let message = stays_as_it_is(&database, StoreErrorKind::NotAStore);
        let remove = format!("or remove {}", log.canonicalize().unwrap().display());
        assert!(message.contains("bring the database back"), "{message}");
        assert!(message.contains(&remove), "{message}");
        // An empty log holds nothing.
        fs::write(&log, "").unwrap();
        let store = SqliteStore::open(&database).unwrap();
        assert_eq!(entries(&store, "order").await, 0);
        store.close().await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn short_file_may_be_a_store_that_was_cut_off() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    let whole = fs::read(&path).unwrap();
    for length in [1, 50, 99, 100, 511] {
        fs::write(&path, &whole[..length]).unwrap();
        let message = stays_as_it_is(&path, StoreErrorKind::NotAStore);
        assert!(message.contains(&format!("cut off after {length} bytes")), "{message}");
    }
    for length in [512, 1_000, PAGE - 1, PAGE + 1, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
        let message = error.to_string();
        assert!(message.contains("restore it from a copy"), "{message}");
    }
}

#[tokio::test]
async fn truncated_store_is_never_taken_for_a_whole_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(509).chain([100, PAGE, whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let kind = kind(&path);
        assert!(
            matches!(kind, StoreErrorKind::NotAStore | StoreErrorKind::Corrupt),
            "{kind:?} for {length} of {} bytes",
            whole.len()
        );
        assert_eq!(fs::read(&path).unwrap(), whole[..length]);
    }
    fs::write(&path, &whole).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(entries(&store, "order").await, 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn garbage_behind_the_first_page_is_an_error_not_a_panic() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    let mut bytes = fs::read(&path).unwrap();
    bytes[PAGE..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let read = match SqliteStore::open(&path) {
        Ok(store) => store.load(&[id("order")]).await.map(drop),
        Err(saga_core::error::Error::Store(error)) => Err(error),
        Err(error) => panic!("not an error of the store: {error}"),
    };
    assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn store_without_a_table_is_damaged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    Connection::open(&path).unwrap().execute_batch("DROP TABLE entry").unwrap();
    assert_eq!(kind(&path), StoreErrorKind::Corrupt);
}
