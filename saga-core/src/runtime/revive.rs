//! Reading instances back from their journals.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::definition::Definition;
use crate::error::Error;
use crate::id::{InstanceId, StepIndex};
use crate::journal::{Entry, Event, Head, InstanceState, ParkReason, Payload, codec};
use crate::machine::{Input, Machine, ReplayError};
use crate::runtime::admission::Place;
use crate::runtime::instance::{Arrival, Arriving, Live};
use crate::runtime::registry::{AnyInstance, AnySaga};
use crate::runtime::shared::{Inserted, Shared};
use crate::store::{Store, Stored, Write};

/// Somebody's decision on a parked instance, with whom to tell.
pub(crate) struct Command {
    pub(crate) input: Input,
    pub(crate) reply: oneshot::Sender<Result<(), Error>>,
}

/// What became of reading an instance back.
pub(crate) enum Revived {
    /// It is driven, or has nothing to do.
    Settled,
    /// An instance of this id is just being created; whether that is this one shows in a moment.
    Busy,
}

/// A journal that was read.
pub(crate) struct Replayed {
    pub(crate) head: Head,
    pub(crate) entries: Vec<Entry>,
    pub(crate) machine: Machine,
}

/// Reads the journal of an instance by `definition`.
///
/// # Errors
/// What is wrong with it, in words that quote no payload.
pub(crate) fn replay(definition: &Arc<Definition>, stored: &Stored) -> Result<Replayed, String> {
    let entries = stored
        .entries
        .iter()
        .map(|entry| codec::decode(entry).map_err(|error| format!("entry {}: {error}", entry.seq)))
        .collect::<Result<Vec<_>, _>>()?;
    let machine = Machine::replay(Arc::clone(definition), stored.head.id.clone(), &entries).map_err(
        |error| match error {
            ReplayError::Illegal { seq, source } => format!("entry {seq}: {source}"),
            other => other.to_string(),
        },
    )?;
    Ok(Replayed { head: stored.head.clone(), entries, machine })
}

/// Puts an instance into memory and lets it go on. One that cannot be read is marked so, one whose definition is
/// not registered is left alone: neither holds up another.
pub(crate) async fn revive(
    shared: &Arc<Shared>,
    stored: &Stored,
    place: Option<Place>,
    command: Option<Command>,
) -> Revived {
    let id = &stored.head.id;
    let Some(saga) = shared.registry.of(&stored.head) else {
        warn!(instance = %id, saga = %stored.head.saga, version = stored.head.version,
            "no saga of this name, version and shape is registered: the instance waits");
        if let Some(command) = command {
            let saga = stored.head.saga.to_string();
            let _gone = command.reply.send(Err(Error::NotRegistered { saga }));
        }
        return Revived::Settled;
    };
    match replay(saga.definition(), stored) {
        Ok(replayed) => put(shared, &saga, replayed, place, command),
        Err(what) => {
            warn!(instance = %id, what, "the journal cannot be read: the instance is left as it is");
            mark_unreadable(shared, id).await;
            if let Some(command) = command {
                let _gone = command.reply.send(Err(Error::Unreadable { id: id.clone(), what }));
            }
            Revived::Settled
        }
    }
}

fn put(
    shared: &Arc<Shared>,
    saga: &Arc<dyn AnySaga>,
    replayed: Replayed,
    place: Option<Place>,
    command: Option<Command>,
) -> Revived {
    let Replayed { head, entries, machine } = replayed;
    let wants_nothing = match machine.instance_state() {
        InstanceState::Running | InstanceState::Compensating => false,
        InstanceState::Parked => command.is_none(),
        InstanceState::Completed | InstanceState::Compensated | InstanceState::Unreadable => true,
    };
    if wants_nothing {
        debug!(instance = %head.id, state = %machine.instance_state(), "nothing to go on with");
        return Revived::Settled;
    }
    let Recalled { memory, output, unread } = recall(saga, &entries);
    let seq = entries.last().map_or(head.seq, |last| last.seq);
    // What cannot be read parks the instance, so it needs no place.
    let place = if unread.is_none() { place } else { None };
    let arriving = Arriving { id: head.id.clone(), saga: Arc::clone(saga), memory, place };
    let live = Live::revived(shared, arriving, machine, seq, head.progress.clone(), output);
    match shared.insert(&live) {
        Inserted::New => {
            let mut inputs: Vec<Arrival> = vec![Input::Recovered.into()];
            if let Some(Command { input, reply }) = command {
                inputs.push(Arrival { reply: Some(reply), ..input.into() });
            }
            let last = match unread {
                Some((step, message)) => {
                    Input::Park { step, item: None, reason: ParkReason::Decode, message }
                }
                None => Input::Proceed,
            };
            inputs.push(last.into());
            live.feed_all(inputs);
            Revived::Settled
        }
        Inserted::There(there) if !there.is_created() => Revived::Busy,
        Inserted::There(_) | Inserted::Closed => Revived::Settled,
    }
}

/// The values of an instance, as far as they can be read.
struct Recalled {
    memory: Option<Arc<dyn AnyInstance>>,
    output: Payload,
    unread: Option<(StepIndex, String)>,
}

/// Puts the input and the outputs back from the journal.
fn recall(saga: &Arc<dyn AnySaga>, entries: &[Entry]) -> Recalled {
    let definition = saga.definition();
    let mut recalled = Recalled { memory: None, output: Payload::NOTHING, unread: None };
    for event in entries.iter().flat_map(|entry| &entry.events) {
        match event {
            Event::SagaStarted { input, .. } => match saga.recall(input) {
                Ok(memory) => recalled.memory = Some(memory),
                Err(message) => recalled.unread = StepIndex::new(0).map(|first| (first, message)),
            },
            Event::StepSucceeded { step, output, .. } => {
                let Some(index) = definition.index_of(step) else { continue };
                if definition.output() == Some(index) {
                    recalled.output = output.clone();
                }
                let restored = recalled.memory.as_ref().map(|memory| memory.restore(index, output));
                if let Some(Err(message)) = restored {
                    recalled.unread.get_or_insert((index, message));
                }
            }
            _ => {}
        }
    }
    if recalled.unread.is_some() {
        recalled.memory = None;
    }
    recalled
}

async fn mark_unreadable(shared: &Arc<Shared>, id: &InstanceId) {
    let write = Write::MarkUnreadable { id: id.clone(), epoch: shared.epoch(), at: shared.now() };
    match shared.store.append(&[write]).await.map(|mut results| results.pop()) {
        Ok(Some(Ok(())) | None) => {}
        Ok(Some(Err(refusal))) => warn!(instance = %id, %refusal, "the instance could not be marked"),
        Err(error) => warn!(instance = %id, %error, "the instance could not be marked"),
    }
}

/// Reads one instance, with what a store that never heard of it answers.
pub(crate) async fn load(store: &dyn Store, id: &InstanceId) -> Result<Stored, Error> {
    let mut stored = store.load(std::slice::from_ref(id)).await?;
    stored.pop().flatten().ok_or_else(|| Error::NotFound { id: id.to_string() })
}
