//! Starting an instance, whatever its type, or finding the one that was started before.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::{ConflictKind, Error};
use crate::id::InstanceId;
use crate::journal::{Event, Payload, TraceContext, codec};
use crate::runtime::admission::Origin;
use crate::runtime::instance::{Arriving, Created, Live};
use crate::runtime::orchestrator::or_ending;
use crate::runtime::registry::{AnyInstance, AnySaga};
use crate::runtime::revive::load;
use crate::runtime::shared::{Inserted, Shared};
use crate::store::Stored;

/// An instance to be started.
pub(crate) struct Start {
    pub(crate) id: InstanceId,
    pub(crate) saga: Arc<dyn AnySaga>,
    pub(crate) memory: Arc<dyn AnyInstance>,
    pub(crate) input: Payload,
    /// The instance whose step it is, if it is a child.
    pub(crate) parent: Option<InstanceId>,
    /// The trace of whoever starts it. One that was started before keeps its own.
    pub(crate) trace: Option<Arc<TraceContext>>,
}

/// Starts the instance, or finds the one with the same id, saga, input and parent. Durable once it returns.
pub(crate) async fn start(shared: &Arc<Shared>, start: Start) -> Result<(), Error> {
    check_size(shared, &start.id, &start.input)?;
    loop {
        if shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        match create(shared, &start).await? {
            Created::Durable => return Ok(()),
            Created::Failed(error) => return Err(Error::Store(error)),
            Created::Exists => {
                match load(&*shared.store, &start.id).await.map_err(|error| or_ending(shared, error)) {
                    Ok(stored) => return compare(&stored, &start),
                    // The other start, which had the id, came to nothing.
                    Err(Error::NotFound { .. }) => tokio::task::yield_now().await,
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// Has the first entry written, unless an instance of the id is in memory.
async fn create(shared: &Arc<Shared>, start: &Start) -> Result<Created, Error> {
    let (creator, created) = oneshot::channel();
    let arriving = Arriving {
        id: start.id.clone(),
        saga: Arc::clone(&start.saga),
        memory: Some(Arc::clone(&start.memory)),
        place: shared.admission.try_place(Origin::Started),
        parent: start.parent.clone(),
        trace: start.trace.clone(),
    };
    let (live, write) = Live::create(shared, arriving, start.input.clone(), creator)?;
    match shared.insert(&live) {
        Inserted::New => {
            shared.committer.submit(write, live);
            match created.await {
                Ok(created) => Ok(created),
                Err(_) if shared.lifecycle.is_ending() => Err(Error::ShuttingDown),
                // It is gone before it could be told: what became of it shows in the store.
                Err(_) => Ok(Created::Exists),
            }
        }
        Inserted::There(there) => Ok(match there.created().await {
            Created::Durable => Created::Exists,
            other => other,
        }),
        Inserted::Closed => Err(Error::ShuttingDown),
    }
}

fn check_size(shared: &Shared, id: &InstanceId, input: &Payload) -> Result<(), Error> {
    let (bytes, bytes_max) = (input.len(), shared.settings.payload_bytes_max);
    if bytes > bytes_max {
        return Err(Error::PayloadTooLarge { id: id.clone(), bytes, bytes_max });
    }
    Ok(())
}

/// Compares a start with the instance that has its id: the saga, the parent, and the stored input, read as
/// today's type, with the new one, both as JSON values.
pub(crate) fn compare(stored: &Stored, start: &Start) -> Result<(), Error> {
    let id = &stored.head.id;
    let conflict = |what| Err(Error::Conflict { id: id.clone(), what });
    if stored.head.saga != *start.saga.definition().name() {
        return conflict(ConflictKind::Saga);
    }
    let unreadable = |what| Error::Unreadable { id: id.clone(), what };
    let (old, old_parent) = first_of(stored).map_err(unreadable)?;
    if old_parent != start.parent {
        return conflict(ConflictKind::Parent);
    }
    let old = start.saga.reread(&old).map_err(unreadable)?;
    if !old.is_same_value(&start.input) {
        return conflict(ConflictKind::Input);
    }
    Ok(())
}

/// The input and the parent that an instance was started with.
pub(crate) fn first_of(stored: &Stored) -> Result<(Payload, Option<InstanceId>), String> {
    let first = stored.entries.first().ok_or("it has no entry")?;
    let entry = codec::decode(first).map_err(|error| error.to_string())?;
    match entry.events.into_iter().next() {
        Some(Event::SagaStarted { input, parent, .. }) => Ok((input, parent)),
        _ => Err("its first entry does not start it".to_owned()),
    }
}
