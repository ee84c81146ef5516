//! Starting an instance, whatever its type, or finding the one that was started before.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::{ConflictKind, Error};
use crate::id::InstanceId;
use crate::journal::{Event, Payload, TraceContext, codec};
use crate::runtime::admission::{Seat, Slot};
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
    start_as(shared, start, Begin::AtOnce).await
}

/// The same, but nothing of it runs yet: it waits for a place like one that finds none.
pub(crate) async fn start_queued(shared: &Arc<Shared>, start: Start) -> Result<(), Error> {
    start_as(shared, start, Begin::Queued).await
}

/// How a new instance begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// At once, if there is a place for it.
    AtOnce,
    /// When it is its turn.
    Queued,
}

async fn start_as(shared: &Arc<Shared>, start: Start, begin: Begin) -> Result<(), Error> {
    check_size(shared, &start.id, &start.input)?;
    loop {
        if shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        let seat = match begin {
            Begin::AtOnce => shared.admission.try_seat(start.parent.is_some()),
            Begin::Queued => Some(Seat::Slot(Slot::uncounted())),
        };
        let is_full = seat.is_none();
        let created = match seat {
            Some(seat) => create(shared, &start, seat).await?,
            None => find(shared, &start.id).await,
        };
        match created {
            Created::Durable => return Ok(()),
            Created::Failed(error) => return Err(Error::Store(error)),
            Created::Exists => {
                match load(&*shared.store, &start.id).await.map_err(|error| or_ending(shared, error)) {
                    Ok(stored) => return compare(&stored, &start),
                    Err(Error::NotFound { .. }) if is_full => {
                        let queued_max = shared.settings.max_queued.unwrap_or_default();
                        return Err(Error::Overloaded { id: start.id, queued_max });
                    }
                    // The other start, which had the id, came to nothing.
                    Err(Error::NotFound { .. }) => tokio::task::yield_now().await,
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// What became of another start of this id, if there is one: where no more are let in, those that are there are found.
async fn find(shared: &Shared, id: &InstanceId) -> Created {
    match shared.get(id) {
        Some(there) => exists(there.created().await),
        None => Created::Exists,
    }
}

/// What another start of an id means for this one.
fn exists(created: Created) -> Created {
    match created {
        Created::Durable => Created::Exists,
        other => other,
    }
}

/// Has the first entry written, unless an instance of the id is in memory.
async fn create(shared: &Arc<Shared>, start: &Start, seat: Seat) -> Result<Created, Error> {
    let (creator, created) = oneshot::channel();
    let (place, slot) = match seat {
        Seat::Place(place) => (Some(place), None),
        Seat::Slot(slot) => (None, Some(slot)),
    };
    let arriving = Arriving {
        id: start.id.clone(),
        saga: Arc::clone(&start.saga),
        memory: Some(Arc::clone(&start.memory)),
        place,
        slot,
        created_at: shared.now(),
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
        Inserted::There(there) => Ok(exists(there.created().await)),
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
