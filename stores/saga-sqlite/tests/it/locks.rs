//! One process at a time has a store.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use saga_core::store::{Store, StoreErrorKind};
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{append, closed_store, create, entries, join, kind, refused, taken};

/// Tells a child what path to use.
const PATH: &str = "SAGA_SQLITE_TEST_PATH";

/// Runs one test of this program in another process.
pub(crate) fn child(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// In a child: tries to write to the database.
#[test]
fn child_writes_to_a_database() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let wrote = connection.execute_batch("BEGIN IMMEDIATE; COMMIT").is_ok();
    println!("wrote: {}", if wrote { "yes" } else { "no" });
}

/// In a child: has a store open, with three entries, until it is killed.
#[test]
fn child_has_a_store() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(path).unwrap();
        let epoch = join(&store).await;
        taken(&store, &[create("order", epoch), append("order", epoch, 2)]).await;
        taken(&store, &[append("order", epoch, 3)]).await;
        println!("\nopen");
        std::io::stdout().flush().unwrap();
        std::io::stdin().read_line(&mut String::new()).unwrap();
    });
}

#[tokio::test]
async fn other_process_has_the_store_until_it_is_killed_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let mut child = child("locks::child_has_a_store", &path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "open"));
    let error = refused(&path);
    assert_eq!(error.kind(), StoreErrorKind::Locked);
    assert!(error.to_string().contains("sagas.db is open already"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(entries(&store, "order").await, 3);
    store.close().await.unwrap();
}

#[tokio::test]
async fn second_opening_in_this_process_is_refused_and_harmless() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch)]).await;
    assert_eq!(kind(&path), StoreErrorKind::Locked);
    taken(&store, &[append("order", epoch, 2)]).await;
    assert_eq!(entries(&store, "order").await, 2);
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(entries(&store, "order").await, 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn closed_store_can_be_opened_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    for _ in 0..20 {
        let first = SqliteStore::open(&path).unwrap();
        let epoch = join(&first).await;
        taken(&first, &[create(&format!("order-{}", epoch.get()), epoch)]).await;
        first.close().await.unwrap();
        let second = SqliteStore::open(&path).unwrap();
        second.close().await.unwrap();
        drop(first);
    }
}

#[tokio::test]
async fn closing_that_is_given_up_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    {
        let closing = store.close();
        tokio::pin!(closing);
        // One poll, then it is dropped.
        tokio::select! {
            biased;
            _ = &mut closing => {}
            () = std::future::ready(()) => {}
        }
    }
    assert_eq!(store.head(&crate::sample::id("order")).await.unwrap_err().kind(), StoreErrorKind::Closed);
    store.close().await.unwrap();
    SqliteStore::open(&path).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn dropped_store_frees_its_lock_by_itself() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    drop(SqliteStore::open(&path).unwrap());
    // Its threads end on their own; there is nothing to wait for but that.
    let store = loop {
        match SqliteStore::open(&path) {
            Ok(store) => break store,
            Err(_) => std::thread::yield_now(),
        }
    };
    store.close().await.unwrap();
}

#[tokio::test]
async fn lock_file_that_was_left_locks_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    std::fs::write(folder.path().join("sagas.db-lock"), "").unwrap();
    closed_store(&path).await;
}

#[test]
fn children_that_are_being_started_do_not_keep_the_lock() {
    const OPENINGS: usize = 100;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // There is no such test, so the child ends at once.
                child("no such test", &path).wait().unwrap();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opened = (0..OPENINGS).try_for_each(|_| {
            let store = SqliteStore::open(&path)?;
            runtime.block_on(store.close()).map_err(saga_core::error::Error::from)
        });
        done.store(true, Ordering::Relaxed);
        opened.unwrap();
    });
}
