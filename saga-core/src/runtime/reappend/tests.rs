//! What reading back says of the writes of a commit that has failed.

use std::sync::Arc;

use super::reappend;
use crate::definition::Shape;
use crate::id::{Epoch, InstanceId, Seq, StepName};
use crate::journal::{EncodedEntry, Head, InstanceState, Payload, Progress};
use crate::runtime::committer::Written;
use crate::store::{MemoryStore, Refusal, Signal, Store, Wanted, Write};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn order() -> InstanceId {
    InstanceId::new("order-1").expect("it is an id")
}

fn entry(epoch: Epoch, seq: u64, events: &str) -> EncodedEntry {
    EncodedEntry { seq: Seq::new(seq), epoch, at: NOW, format: 1, events: events.to_owned() }
}

fn create(entry: EncodedEntry) -> Write {
    let head = Head {
        id: order(),
        saga: Arc::from("order"),
        version: 1,
        shape: Shape { steps: Vec::new() }.id(),
        parent: None,
        created_at: NOW,
        seq: Seq::FIRST,
        progress: Progress::new(InstanceState::Running, NOW),
    };
    Write::Create { head, entry }
}

fn append(entry: EncodedEntry) -> Write {
    Write::Append { id: order(), entry, progress: None, wake: None }
}

fn send(id: &str) -> Write {
    let signal =
        Signal { id: id.to_owned(), step: StepName::new("paid"), payload: Payload::NOTHING, at: NOW };
    Write::Signal { id: order(), signal }
}

/// A store with an instance of two entries, and the stay that wrote them.
async fn written() -> (MemoryStore, Epoch) {
    let store = MemoryStore::new();
    let epoch = store.join(NOW, Timestamp::NEVER).await.expect("a stay begins");
    let batch = [create(entry(epoch, 1, "[1]")), append(entry(epoch, 2, "[2]")), send("paid")];
    assert_eq!(store.append(&batch).await.expect("it is written"), [Ok(()), Ok(()), Ok(())]);
    (store, epoch)
}

/// What becomes of writes of which nothing is known.
async fn settled(store: &MemoryStore, writes: &[Write], wanted: bool) -> Vec<Option<String>> {
    let mut results = vec![None; writes.len()];
    let wanted = vec![wanted; writes.len()];
    reappend(store, writes, &mut results, &wanted).await.expect("the store works");
    let words = |written| match written {
        Written::Durable => "durable".to_owned(),
        Written::Refused(refusal) => format!("{refusal:?}"),
        Written::Failed(error) => error.to_string(),
    };
    results.into_iter().map(|written| written.map(words)).collect()
}

fn durable() -> Option<String> {
    Some("durable".to_owned())
}

fn refused(refusal: Refusal) -> Option<String> {
    Some(format!("{refusal:?}"))
}

#[tokio::test]
async fn what_is_there_to_the_byte_was_written_and_the_rest_is_written_now() {
    let (store, epoch) = written().await;
    let writes = [
        create(entry(epoch, 1, "[1]")),
        append(entry(epoch, 2, "[2]")),
        append(entry(epoch, 3, "[3]")),
        send("paid"),
        send("again"),
    ];
    assert_eq!(settled(&store, &writes, true).await, vec![durable(); 5]);
    let stored = store.load(&[order()]).await.expect("it is read").remove(0).expect("it is there");
    let events: Vec<_> = stored.entries.iter().map(|entry| entry.events.as_str()).collect();
    assert_eq!(events, ["[1]", "[2]", "[3]"]);
    let signals: Vec<_> = stored.signals.iter().map(|signal| signal.id.as_str()).collect();
    assert_eq!(signals, ["paid", "again"]);
}

#[tokio::test]
async fn i15_an_entry_of_somebody_else_in_the_same_place_is_not_taken_for_ones_own() {
    let (store, ended) = written().await;
    let epoch = store.join(NOW, Timestamp::NEVER).await.expect("a stay begins");
    store.release(ended).await.expect("it ends");
    store.claim(epoch, NOW, Wanted::One(&order())).await.expect("it is handed out");
    let theirs = append(entry(epoch, 3, "[3]"));
    assert_eq!(store.append(std::slice::from_ref(&theirs)).await.expect("it is written"), [Ok(())]);
    for ours in [entry(ended, 3, "[3]"), entry(epoch, 3, "[33]"), entry(epoch, 2, "[22]")] {
        let settled = settled(&store, &[append(ours)], true).await;
        assert_eq!(settled, [refused(Refusal::Sequence)]);
    }
    // Nor where nothing is in its place, but the instance is somebody else's.
    assert_eq!(settled(&store, &[append(entry(ended, 4, "[4]"))], true).await, [refused(Refusal::Fenced)]);
    let other = [create(entry(epoch, 1, "[1]"))];
    assert_eq!(settled(&store, &other, true).await, [refused(Refusal::Exists)]);
}

#[tokio::test]
async fn what_is_new_is_written_only_if_somebody_waits_for_it() {
    let store = MemoryStore::new();
    let epoch = store.join(NOW, Timestamp::NEVER).await.expect("a stay begins");
    let new = [create(entry(epoch, 1, "[1]"))];
    assert_eq!(settled(&store, &new, false).await, [None]);
    assert_eq!(store.head(&order()).await.expect("it is read"), None);
    assert_eq!(settled(&store, &new, true).await, [durable()]);
    assert_eq!(settled(&store, &new, false).await, [durable()], "it is found");
    let gone = InstanceId::new("order-2").expect("it is an id");
    let missing = Write::Append { id: gone, entry: entry(epoch, 2, "[2]"), progress: None, wake: None };
    assert_eq!(settled(&store, &[missing], true).await, [refused(Refusal::NotFound)]);
}
