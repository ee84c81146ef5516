//! A store with something in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use saga_core::definition::ShapeId;
use saga_core::error::Error;
use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, InstanceState, Progress, codec};
use saga_core::store::{Signal, Store, StoreError, StoreErrorKind, Write};
use saga_core::time::Timestamp;
use saga_sqlite::SqliteStore;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

pub(crate) fn entry(epoch: Epoch, seq: u64) -> EncodedEntry {
    EncodedEntry {
        seq: Seq::new(seq),
        epoch,
        at: NOW,
        format: 1,
        events: String::from(r#"[{"step_started":{"step":"create_order","attempt":1}}]"#),
    }
}

pub(crate) fn create(text: &str, epoch: Epoch) -> Write {
    let head = Head {
        id: id(text),
        saga: Arc::from("order-flow"),
        version: 1,
        shape: ShapeId::new("0123456789abcdef"),
        parent: None,
        created_at: NOW,
        seq: Seq::FIRST,
        progress: Progress::new(InstanceState::Running, NOW),
    };
    Write::Create { head, entry: entry(epoch, 1) }
}

pub(crate) fn append(text: &str, epoch: Epoch, seq: u64) -> Write {
    Write::Append { id: id(text), entry: entry(epoch, seq), progress: None, wake: None }
}

pub(crate) fn send(text: &str, signal: &str) -> Write {
    let payload = codec::decode_payload(r#"{"amount":12.5}"#).unwrap();
    let step = StepName::new("payment_confirmed");
    Write::Signal { id: id(text), signal: Signal { id: signal.to_owned(), step, payload, at: NOW } }
}

pub(crate) async fn join(store: &SqliteStore) -> Epoch {
    store.join(NOW, NOW).await.unwrap()
}

/// Makes writes that have to be taken.
pub(crate) async fn taken(store: &SqliteStore, batch: &[Write]) {
    let answers = store.append(batch).await.unwrap();
    assert_eq!(answers, vec![Ok(()); batch.len()]);
}

/// Creates a store with the instance "order" of two entries, and closes it.
pub(crate) async fn closed_store(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let epoch = join(&store).await;
    taken(&store, &[create("order", epoch), append("order", epoch, 2)]).await;
    store.close().await.unwrap();
}

/// How many entries an instance has.
pub(crate) async fn entries(store: &SqliteStore, text: &str) -> usize {
    let found = store.load(&[id(text)]).await.unwrap().remove(0);
    found.map_or(0, |found| found.entries.len())
}

/// Why the store at `path` cannot be opened.
pub(crate) fn refused(path: impl AsRef<Path>) -> StoreError {
    match SqliteStore::open(path) {
        Err(error @ Error::Store(_)) => {
            let text = error.to_string();
            let Error::Store(error) = error else { unreachable!() };
            assert_eq!(text, error.to_string(), "what the user sees says what failed, and where");
            error
        }
        Err(error) => panic!("not an error of the store: {error}"),
        Ok(store) => panic!("it was opened: {store:?}"),
    }
}

pub(crate) fn kind(path: impl AsRef<Path>) -> StoreErrorKind {
    refused(path).kind()
}

/// The files in a folder, with what is in them.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| {
            (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap_or_default())
        })
        .collect()
}

/// The names of the files in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}
