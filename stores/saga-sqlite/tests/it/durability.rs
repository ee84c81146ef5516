//! What was acknowledged is in the files, whatever happens next.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use saga_core::journal::{InstanceState, Progress, codec};
use saga_core::store::{Query, Refusal, Store, Wanted, Write};
use saga_core::time::Timestamp;
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{NOW, append, create, entries, entry, id, join, send, taken};

/// Copies the files as a crash would leave them.
fn crash(from: &Path, to: &Path) {
    for name in ["sagas.db", "sagas.db-wal"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test]
async fn i3_every_acknowledged_entry_is_found_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("sagas.db")).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch)]).await;
    for last in 2..30 {
        taken(&store, &[append("order", epoch, last)]).await;
        let copy = TempDir::new().unwrap();
        crash(folder.path(), copy.path());
        let after = SqliteStore::open(copy.path().join("sagas.db")).unwrap();
        assert_eq!(entries(&after, "order").await as u64, last);
        assert!(join(&after).await > epoch);
        after.close().await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn torn_end_of_the_log_loses_nothing_before_it() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("sagas.db")).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch)]).await;
    let acknowledged = fs::metadata(folder.path().join("sagas.db-wal")).unwrap().len();
    taken(&store, &[append("order", epoch, 2)]).await;
    let whole = fs::metadata(folder.path().join("sagas.db-wal")).unwrap().len();
    for length in (acknowledged..whole).step_by(997) {
        let copy = TempDir::new().unwrap();
        crash(folder.path(), copy.path());
        let log = fs::OpenOptions::new().write(true).open(copy.path().join("sagas.db-wal")).unwrap();
        log.set_len(length).unwrap();
        let after = SqliteStore::open(copy.path().join("sagas.db")).unwrap();
        assert_eq!(entries(&after, "order").await, 1);
        after.close().await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn i18_damaged_row_concerns_its_own_instance_only() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    let orders = ["state", "text", "signal", "good"];
    taken(&store, &orders.map(|order| create(order, epoch))).await;
    taken(&store, &["signal", "good"].map(|order| send(order, "paid"))).await;
    store.close().await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE instance SET state = 'flying' WHERE id = 'state'", []).unwrap();
    connection
        .execute(
            "UPDATE entry SET events = CAST(x'5b22ff225d' AS TEXT)
             WHERE instance = (SELECT number FROM instance WHERE id = 'text')",
            [],
        )
        .unwrap();
    connection
        .execute(
            "UPDATE signal SET payload = '{' WHERE instance = (SELECT number FROM instance WHERE id = 'signal')",
            [],
        )
        .unwrap();
    drop(connection);

    let store = SqliteStore::open(&path).unwrap();
    let found = store.load(&orders.map(id)).await.unwrap();
    let [Some(state), Some(text), Some(signal), Some(good)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(state.head.progress.state, InstanceState::Unreadable);
    assert!(codec::decode(&text.entries[0]).is_err(), "what is damaged must not be read as something else");
    assert!(codec::decode(&signal.entries[0]).is_err(), "a signal that was acknowledged must not get lost");
    assert_eq!(store.append(&[send("state", "paid")]).await.unwrap(), [Err(Refusal::Unreadable)]);
    let unreadable = Query { states: vec![InstanceState::Unreadable], limit: 9, ..Query::default() };
    let found = store.query(&unreadable).await.unwrap();
    assert_eq!(found.iter().map(|(_, head)| head.id.as_str()).collect::<Vec<_>>(), ["state"]);
    let unfinished = store.unfinished().await.unwrap();
    assert_eq!((unfinished.running, unfinished.unreadable), (3, 1));
    assert_eq!(good.signals.len(), 1);
    assert_eq!(good.head.progress.state, InstanceState::Running);
    assert!(codec::decode(&good.entries[0]).is_ok());
    store.close().await.unwrap();
}

#[tokio::test]
async fn open_store_can_be_read_by_people() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch), append("order", epoch, 2)]).await;
    let shell = Connection::open(&path).unwrap();
    let instance: (String, String, String, i64) = shell
        .query_row("SELECT id, state, created_at, entries FROM instances", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(instance, ("order".into(), "running".into(), "2023-11-14 22:13:20.000".into(), 2));
    let step: String = shell
        .query_row("SELECT events ->> '$[0].step_started.step' FROM journal WHERE seq = 2", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(step, "create_order");
    taken(&store, &[send("order", "paid")]).await;
    let signal: (String, String, String, String) = shell
        .query_row("SELECT id, signal, at, payload FROM signals", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(
        signal,
        ("order".into(), "paid".into(), "2023-11-14 22:13:20.000".into(), r#"{"amount":12.5}"#.into())
    );
    let asleep = Progress { due: Some(Timestamp::NEVER), ..Progress::new(InstanceState::Running, NOW) };
    // The signal makes it due when it waits, until it is handed out.
    for (seq, expected) in [(3, "2023-11-14 22:13:20.000"), (4, "never")] {
        let (entry, progress) = (entry(epoch, seq), Some(asleep.clone()));
        taken(&store, &[Write::Append { id: id("order"), entry, progress, wake: None }]).await;
        let due: String = shell.query_row("SELECT due FROM instances", [], |row| row.get(0)).unwrap();
        assert_eq!(due, expected);
        store.claim(epoch, NOW, Wanted::One(&id("order"))).await.unwrap();
    }
    let stay: (String, String) =
        shell.query_row("SELECT seen, state FROM stays", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(stay, ("2023-11-14 22:13:20.000".into(), "live".into()));
    drop(shell);
    taken(&store, &[append("order", epoch, 5)]).await;
    store.close().await.unwrap();
}
