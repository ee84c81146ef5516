//! The files of a database, seen through the facade.

use std::fs;

use sagas::Error;
use sagas::prelude::*;
use sagas::store::StoreErrorKind;
use tempfile::TempDir;

use crate::support::data::Data;
use crate::support::world::World;
use crate::support::{open, soon, start};

fn kind_of(error: &Error) -> StoreErrorKind {
    match error {
        Error::Store(error) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[test]
fn every_file_of_a_database_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let data = Data::sqlite();
    let path = data.path().unwrap();
    let modes = || {
        let files = fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
        files
            .map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777))
            .collect::<Vec<_>>()
    };
    data.runtime().block_on(soon(async {
        let orchestrator = open(data.open(), &World::default()).await;
        let _ = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        let open_files = modes();
        assert!(open_files.len() > 2, "the log and the lock are among them: {open_files:?}");
        assert!(open_files.iter().all(|(_, mode)| *mode == 0o600), "{open_files:?}");
        orchestrator.shutdown().await;
        assert!(modes().iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes());
    }));
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_not_a_byte_of_it_changes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.txt");
    let foreign = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    foreign.execute_batch("CREATE TABLE entry (id); INSERT INTO entry VALUES (1);").unwrap();
    foreign.close().unwrap();
    let other = fs::read(folder.path().join("other.db")).unwrap();
    for bytes in [b"These are my notes, and nobody else's business.".repeat(200), other, vec![0; 4_096]] {
        fs::write(&path, &bytes).unwrap();
        let before = fs::read_dir(folder.path()).unwrap().count();
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(kind_of(&error), StoreErrorKind::NotAStore, "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before, "nothing was put beside it");
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_not_a_byte_of_it_changes() {
    let data = Data::sqlite();
    let path = data.path().unwrap();
    data.runtime().block_on(soon(async {
        open(data.open(), &World::default()).await.shutdown().await;
    }));
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA user_version = 1000000; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    file.close().unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(kind_of(&error), StoreErrorKind::NewerFormat, "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there_is_said_so() {
    let folder = TempDir::new().unwrap();
    let error = SqliteStore::open(folder.path().join("nowhere").join("sagas.db")).unwrap_err();
    assert_eq!(kind_of(&error), StoreErrorKind::NotFound, "{error:?}");
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("nowhere"), "{text}");
}
