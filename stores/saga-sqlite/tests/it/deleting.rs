//! What deleting leaves in the files.

use rusqlite::Connection;
use saga_core::journal::{InstanceState, Progress};
use saga_core::store::{Query, Store, Write};
use saga_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::sample::{NOW, append, create, entry, id, join, send, taken};

#[tokio::test]
async fn deleting_leaves_no_row_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let store = SqliteStore::open(&path).unwrap();
    let epoch = join(&store).await;
    let completed = Some(Progress::new(InstanceState::Completed, NOW));
    for order in ["kept", "deleted"] {
        let end =
            Write::Append { id: id(order), entry: entry(epoch, 3), progress: completed.clone(), wake: None };
        taken(&store, &[create(order, epoch), append(order, epoch, 2), send(order, "paid"), end]).await;
    }
    assert_eq!(store.delete(&[id("deleted")]).await.unwrap(), 1);
    let shell = Connection::open(&path).unwrap();
    for (table, rows) in [("instance", 1), ("entry", 3), ("signal", 1)] {
        let left: i64 =
            shell.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, rows, "{table}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn place_of_a_deleted_instance_is_not_given_again_when_the_store_is_opened_anew() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sagas.db");
    let mut last = 0;
    for order in ["first", "second", "third"] {
        let store = SqliteStore::open(&path).unwrap();
        let epoch = join(&store).await;
        let end = Some(Progress::new(InstanceState::Completed, NOW));
        let end = Write::Append { id: id(order), entry: entry(epoch, 2), progress: end, wake: None };
        taken(&store, &[create(order, epoch), end]).await;
        let found = store.query(&Query { limit: 9, ..Query::default() }).await.unwrap();
        let [(place, _)] = found.as_slice() else { panic!("{found:?}") };
        assert!(place.get() > last, "{place} after {last}");
        last = place.get();
        assert_eq!(store.delete(&[id(order)]).await.unwrap(), 1);
        store.close().await.unwrap();
    }
}
