//! Instances, entries and times to test with.

use std::sync::Arc;

use saga_core::definition::{Shape, ShapeId, StepKind, StepShape};
use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, InstanceState, Payload, Progress, codec};
use saga_core::store::{Refusal, Signal, Store, Stored, Write};
use saga_core::time::Timestamp;

use crate::law::Seen;

/// When the leases of the tests end, unless they say otherwise.
pub(crate) const LEASE_END: u64 = 1_000_000;

/// The saga of the tests.
pub(crate) const SAGA: &str = "order-flow";

/// A moment of the tests, in milliseconds since their beginning.
pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis.saturating_add(1_700_000_000_000))
}

pub(crate) fn id(text: impl Into<String>) -> Result<InstanceId, Seen> {
    InstanceId::new(text).map_err(|error| Seen(format!("the kit has a defect: {error}")))
}

pub(crate) fn ids<const N: usize>(texts: [&str; N]) -> Result<Vec<InstanceId>, Seen> {
    texts.into_iter().map(id).collect()
}

/// A shape of one step, in the first sample idempotent, in the others under other names.
pub(crate) fn shape(sample: u32) -> Shape {
    Shape {
        steps: vec![StepShape {
            name: StepName::new(format!("step_{sample}")),
            kind: StepKind::Compensatable,
            after: Vec::new(),
            idempotent: sample == 0,
            compensation_needs_output: false,
            conditional: false,
            fan_out: false,
            signal: false,
            child: None,
        }],
    }
}

pub(crate) fn shape_id(sample: u32) -> ShapeId {
    shape(sample).id()
}

pub(crate) fn running() -> Progress {
    Progress::new(InstanceState::Running, at(1))
}

pub(crate) fn waiting(due: u64) -> Progress {
    Progress { due: Some(at(due)), ..running() }
}

/// Waiting for something that is no time.
pub(crate) fn waiting_for_ever() -> Progress {
    Progress { due: Some(Timestamp::NEVER), ..running() }
}

pub(crate) fn in_state(state: InstanceState) -> Progress {
    Progress::new(state, at(2))
}

pub(crate) fn head(id: &InstanceId, progress: Progress) -> Head {
    Head {
        id: id.clone(),
        saga: Arc::from(SAGA),
        version: 1,
        shape: shape_id(0),
        parent: None,
        created_at: at(1),
        seq: Seq::FIRST,
        progress,
    }
}

pub(crate) fn entry(epoch: Epoch, seq: u64) -> EncodedEntry {
    let events = format!("[{{\"step_succeeded\":{{\"step\":\"step_0\",\"output\":{seq}}}}}]");
    EncodedEntry { seq: Seq::new(seq), epoch, at: at(seq), format: 1, events }
}

pub(crate) fn create(id: &InstanceId, epoch: Epoch) -> Write {
    create_with(id, epoch, running())
}

pub(crate) fn create_with(id: &InstanceId, epoch: Epoch, progress: Progress) -> Write {
    Write::Create { head: head(id, progress), entry: entry(epoch, 1) }
}

pub(crate) fn append(id: &InstanceId, epoch: Epoch, seq: u64) -> Write {
    Write::Append { id: id.clone(), entry: entry(epoch, seq), progress: None, wake: None }
}

pub(crate) fn append_with(id: &InstanceId, epoch: Epoch, seq: u64, progress: Progress) -> Write {
    Write::Append { id: id.clone(), entry: entry(epoch, seq), progress: Some(progress), wake: None }
}

/// A signal that is sent at `sent`.
pub(crate) fn signal(id: &str, sent: u64) -> Result<Signal, Seen> {
    let text = format!("{{\"amount\":{sent}}}");
    Ok(Signal { id: id.to_owned(), step: StepName::new("step_0"), payload: payload(&text)?, at: at(sent) })
}

pub(crate) fn payload(text: &str) -> Result<Payload, Seen> {
    codec::decode_payload(text).map_err(|error| Seen(format!("the kit has a defect: {error}")))
}

/// Puts a signal into the inbox of an instance.
pub(crate) fn send(id: &InstanceId, signal: &Signal) -> Write {
    Write::Signal { id: id.clone(), signal: signal.clone() }
}

/// Begins a stay with a long lease.
pub(crate) async fn join(store: &dyn Store) -> Result<Epoch, Seen> {
    Ok(store.join(at(0), at(LEASE_END)).await?)
}

/// Makes one write.
pub(crate) async fn write(store: &dyn Store, write: Write) -> Result<Result<(), Refusal>, Seen> {
    let answers = store.append(&[write]).await?;
    match answers.as_slice() {
        [answer] => Ok(*answer),
        answers => Err(Seen(format!("it gave {} answers to one write", answers.len()))),
    }
}

/// Makes writes that have to be taken.
pub(crate) async fn taken(store: &dyn Store, writes: &[Write]) -> Result<(), Seen> {
    let answers = store.append(writes).await?;
    crate::law::equal("the answers to a batch", &answers, &vec![Ok(()); writes.len()])
}

/// The journal of an instance.
pub(crate) async fn journal(store: &dyn Store, id: &InstanceId) -> Result<Vec<EncodedEntry>, Seen> {
    Ok(stored_of(store, id).await?.entries)
}

/// The head of an instance that exists.
pub(crate) async fn head_of(store: &dyn Store, id: &InstanceId) -> Result<Head, Seen> {
    store.head(id).await?.ok_or_else(|| Seen(format!("there is no head of instance {id}")))
}

/// When an instance is due.
pub(crate) async fn due_of(store: &dyn Store, id: &InstanceId) -> Result<Option<Timestamp>, Seen> {
    Ok(head_of(store, id).await?.progress.due)
}

/// The inbox of an instance.
pub(crate) async fn inbox(store: &dyn Store, id: &InstanceId) -> Result<Vec<Signal>, Seen> {
    Ok(stored_of(store, id).await?.signals)
}

/// An instance that exists.
async fn stored_of(store: &dyn Store, id: &InstanceId) -> Result<Stored, Seen> {
    let stored = store.load(std::slice::from_ref(id)).await?;
    stored.into_iter().next().flatten().ok_or_else(|| Seen(format!("there is no instance {id}")))
}
