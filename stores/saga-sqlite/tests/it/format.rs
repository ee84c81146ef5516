//! Stores that released versions wrote are still read.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use saga_core::definition::StepKind;
use saga_core::id::{Epoch, StepName};
use saga_core::journal::{Event, InstanceState, ParkReason, codec};
use saga_core::store::{Due, InUse, LeftBehind, Query, Signal, Store, Unfinished, Wanted, Write};
use saga_core::time::Timestamp;
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{append, create, id, join, taken};

const FORMAT_1: &str = include_str!("../fixtures/format_1.sql");

#[tokio::test]
async fn store_of_format_1_is_read_and_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    Connection::open(&path).unwrap().execute_batch(FORMAT_1).unwrap();
    let store = SqliteStore::open(&path).unwrap();

    let defined = store.defined("order-flow", 1).await.unwrap();
    let [(definition, InUse::Yes)] = defined.as_slice() else { panic!("{defined:?}") };
    assert_eq!(definition.shape_id().as_str(), "be1000321acdf558");
    assert_eq!(definition.shape.steps[1].kind, StepKind::Pivot);

    let orders = ["order-1", "order-2", "order-3", "order-5"].map(id);
    let found = store.load(&orders).await.unwrap();
    let [Some(done), Some(parked), Some(waiting), Some(signalled)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(done.head.progress.state, InstanceState::Completed);
    let events: Vec<Event> =
        done.entries.iter().flat_map(|entry| codec::decode(entry).unwrap().events).collect();
    assert!(
        matches!(events.first(), Some(Event::SagaStarted { input, .. }) if input.as_str() == r#"{"total":2000}"#)
    );
    assert!(matches!(events.last(), Some(Event::Completed)));
    assert_eq!(parked.head.progress.reason, Some(ParkReason::InDoubt));
    assert_eq!(parked.head.progress.step, Some(StepName::new("prepare_shipment")));
    assert_eq!(waiting.head.progress.due, Some(Timestamp::from_millis(1_700_000_100_000)));
    assert_eq!(waiting.head.parent, Some(id("order-1")));
    assert_eq!(parked.head.parent, None);
    assert!(done.signals.is_empty());
    assert_eq!(signalled.head.progress.due, Some(Timestamp::NEVER));
    let [signal] = signalled.signals.as_slice() else { panic!("{signalled:?}") };
    assert_eq!((signal.id.as_str(), signal.step.as_str()), ("paid-5", "payment_confirmed"));
    assert_eq!(signal.payload.as_str(), r#"{"amount":12}"#);
    assert_eq!(signal.at, Timestamp::from_millis(1_700_000_000_400));

    let epoch = join(&store).await;
    assert_eq!(epoch.get(), 4);
    let now = Timestamp::from_millis(1_700_000_200_000);
    let due = store.due(epoch, now, 9).await.unwrap();
    assert_eq!(due, Due { ids: vec![id("order-3")], next: None });
    assert_eq!(store.claim(epoch, now, Wanted::Active { limit: 9 }).await.unwrap(), [id("order-4")]);
    taken(&store, &[append("order-3", epoch, 2), append("order-4", epoch, 2)]).await;
    let again = Write::Signal { id: id("order-5"), signal: signal.clone() };
    let other = Signal { id: String::from("paid-6"), at: now, ..signal.clone() };
    taken(&store, &[again, Write::Signal { id: id("order-5"), signal: other }]).await;
    assert_eq!(store.due(epoch, now, 9).await.unwrap().ids, [id("order-5")]);
    assert_eq!(store.load(&[id("order-5")]).await.unwrap().remove(0).unwrap().signals.len(), 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn store_of_format_1_can_be_asked_and_cleared_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    Connection::open(&path).unwrap().execute_batch(FORMAT_1).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    let left = LeftBehind { unclean: vec![Epoch::new(2), Epoch::new(3)] };
    assert_eq!(store.left_behind(epoch).await.unwrap(), left);
    let parked = Query { states: vec![InstanceState::Parked], limit: 9, ..Query::default() };
    let found = store.query(&parked).await.unwrap();
    assert_eq!(
        found.iter().map(|(place, head)| (place.get(), head.id.as_str())).collect::<Vec<_>>(),
        [(2, "order-2")]
    );
    taken(&store, &[create("order-7", epoch)]).await;
    let last = Query { id_prefix: Some(String::from("order-7")), limit: 9, ..Query::default() };
    assert_eq!(
        store.query(&last).await.unwrap()[0].0.get(),
        7,
        "the sixth is deleted, its place is not free"
    );
    assert_eq!(store.delete(&["order-1", "order-2"].map(id)).await.unwrap(), 1);
    assert_eq!(
        store.unfinished().await.unwrap(),
        Unfinished {
            running: 4,
            parked: 1,
            needs_attention: 1,
            oldest: Some(Timestamp::from_millis(1_700_000_000_000)),
            ..Unfinished::default()
        }
    );
    store.close().await.unwrap();
}

#[tokio::test]
async fn tables_of_today_are_those_of_format_1() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    Connection::open(&old).unwrap().execute_batch(FORMAT_1).unwrap();
    SqliteStore::open(&new).unwrap().close().await.unwrap();
    assert_eq!(
        schema(&new),
        schema(&old),
        "a changed schema is a new format, with a migration and a fixture"
    );
    let header = |path: &Path| fs::read(path).unwrap()[60..72].to_vec();
    assert_eq!(header(&new), header(&old));
}

fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut names =
        connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
    let words = |sql: String| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    names.query_map([], |row| row.get(0)).unwrap().map(|sql| words(sql.unwrap())).collect()
}
