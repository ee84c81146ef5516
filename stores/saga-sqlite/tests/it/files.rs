//! The files of a store, and the paths that lead to it.

use std::fs;
use std::path::{Path, PathBuf};

use saga_core::store::{Store, StoreErrorKind};
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{closed_store, create, entries, join, kind, names, refused, taken};

/// Opens a store twice, and finds what was written the first time.
async fn works_at(path: &Path) {
    closed_store(path).await;
    let store = SqliteStore::open(path).unwrap();
    assert_eq!(entries(&store, "order").await, 2);
    store.close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("sagas.db")).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch)]).await;
    assert_eq!(names(folder.path()), ["sagas.db", "sagas.db-lock", "sagas.db-shm", "sagas.db-wal"]);
    for name in names(folder.path()) {
        let mode = fs::metadata(folder.path().join(&name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    store.close().await.unwrap();
    assert_eq!(names(folder.path()), ["sagas.db", "sagas.db-lock"]);
}

#[cfg(unix)]
#[tokio::test]
async fn mode_that_was_given_later_is_kept() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    for name in ["sagas.db", "sagas.db-wal", "sagas.db-shm"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "{name}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn empty_file_becomes_a_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    fs::write(&path, "").unwrap();
    works_at(&path).await;
}

#[tokio::test]
async fn creation_that_a_crash_cut_off_is_begun_anew() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    for name in ["sagas.db-new", "sagas.db-new-journal", "sagas.db-new-wal", "sagas.db-new-shm"] {
        fs::write(folder.path().join(name), "half of a database").unwrap();
    }
    works_at(&path).await;
    assert_eq!(names(folder.path()), ["sagas.db", "sagas.db-lock"]);
}

#[tokio::test]
async fn any_name_is_a_name() {
    for name in [":memory:", "file:sagas.db?mode=memory", "a b?c#d%41.db", "sägas-✓.db", "-sagas"] {
        let folder = TempDir::new().unwrap();
        works_at(&folder.path().join(name)).await;
        assert_eq!(names(folder.path()), [name.to_owned(), format!("{name}-lock")]);
    }
}

#[test]
fn store_in_memory_is_another_one() {
    let error = refused(":memory:");
    assert_eq!(error.kind(), StoreErrorKind::NotFound);
    assert!(error.to_string().contains("MemoryStore"), "{error}");
    assert!(!Path::new(":memory:").exists() && !Path::new(":memory:-lock").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn name_need_not_be_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = TempDir::new().unwrap();
    works_at(&folder.path().join(OsStr::from_bytes(b"s\xff\xfegas.db"))).await;
}

#[tokio::test]
async fn path_may_be_relative() {
    let folder = TempDir::new().unwrap();
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let there = folder.path().canonicalize().unwrap();
    works_at(&up.join(there.strip_prefix("/").unwrap_or(&there)).join("sagas.db")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_to_the_one_store_and_its_one_lock() {
    use std::os::unix::fs::symlink;

    let folder = TempDir::new().unwrap();
    let (real, links) = (folder.path().join("real"), folder.path().join("links"));
    fs::create_dir(&real).unwrap();
    fs::create_dir(&links).unwrap();
    symlink("../real/sagas.db", links.join("not-there-yet.db")).unwrap();
    symlink(&real, links.join("folder")).unwrap();
    works_at(&links.join("not-there-yet.db")).await;

    let store = SqliteStore::open(links.join("folder").join("sagas.db")).unwrap();
    assert_eq!(entries(&store, "order").await, 2);
    for path in [real.join("sagas.db"), links.join("not-there-yet.db")] {
        assert_eq!(kind(path), StoreErrorKind::Locked);
    }
    store.close().await.unwrap();
    assert_eq!(names(&real), ["sagas.db", "sagas.db-lock"]);
    assert_eq!(names(&links), ["folder", "not-there-yet.db"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_not_found() {
    use std::os::unix::fs::symlink;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    symlink("missing/sagas.db", &path).unwrap();
    assert_eq!(kind(&path), StoreErrorKind::NotFound);
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    symlink(&one, &other).unwrap();
    symlink(&other, &one).unwrap();
    assert_eq!(kind(&one), StoreErrorKind::Io);
}

#[test]
fn missing_folder_is_not_found() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("missing").join("sagas.db");
    let error = refused(&path);
    assert_eq!(error.kind(), StoreErrorKind::NotFound);
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(kind(""), StoreErrorKind::NotFound);
}

#[cfg(unix)]
#[tokio::test]
async fn read_only_file_or_folder_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    closed_store(&path).await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(kind(&path), StoreErrorKind::ReadOnly);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(kind(&path), StoreErrorKind::ReadOnly);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    store.close().await.unwrap();
}
