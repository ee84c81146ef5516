//! Reading instances back from their journals.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::definition::Definition;
use crate::error::Error;
use crate::id::{InstanceId, StepIndex};
use crate::journal::{Entry, Event, Head, InstanceState, Loss, ParkReason, Progress, TraceContext, codec};
use crate::machine::{Input, Machine, ReplayError};
use crate::private::AnySlot;
use crate::runtime::admission::Place;
use crate::runtime::attention;
use crate::runtime::command::not_registered;
use crate::runtime::committer::Written;
use crate::runtime::inbox;
use crate::runtime::instance::{Arrival, Arriving, Live, Reply};
use crate::runtime::output::Output;
use crate::runtime::registry::{AnyInstance, AnySaga};
use crate::runtime::shared::{Inserted, Shared};
use crate::runtime::shutdown::Lifecycle;
use crate::runtime::summary::InstanceSummary;
use crate::store::{Signal, Store, Stored, Write};

/// Somebody's decision on a parked instance, with whom to tell.
pub(crate) struct Command {
    pub(crate) input: Input,
    pub(crate) reply: Reply,
}

/// What became of reading an instance back.
pub(crate) enum Revived {
    /// It is driven, or has nothing to do.
    Settled,
    /// It is in memory, and decides on nothing until its signals have been [read once more](hear_late_signals).
    Deaf(Deaf),
    /// An instance of this id is just being created; whether that is this one shows in a moment. It is to be read back
    /// later.
    Busy,
}

/// An instance that may have been sent signals between being read and being in memory.
pub(crate) struct Deaf {
    live: Arc<Live>,
    /// How many signals were read.
    heard: usize,
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
            let _gone = command.reply.send(Err(not_registered(&stored.head)));
        }
        return Revived::Settled;
    };
    match replay(saga.definition(), stored) {
        Ok(replayed) => put(shared, &saga, replayed, stored, place, command),
        Err(what) => {
            warn!(instance = %id, what, "the journal cannot be read: the instance is left as it is");
            let marked = mark_unreadable(shared, &stored.head).await;
            if let Some(command) = command {
                let _gone = command.reply.send(Err(Error::Unreadable { id: id.clone(), what }));
            }
            if marked { Revived::Settled } else { Revived::Busy }
        }
    }
}

fn put(
    shared: &Arc<Shared>,
    saga: &Arc<dyn AnySaga>,
    replayed: Replayed,
    stored: &Stored,
    place: Option<Place>,
    command: Option<Command>,
) -> Revived {
    let Replayed { head, entries, machine } = replayed;
    let wants_nothing = match machine.instance_state() {
        InstanceState::Running | InstanceState::Compensating => false,
        // Parked, it may be due all the same: for its deadline. One that came too early has to be due again.
        InstanceState::Parked => command.is_none() && machine.next_wake() == head.progress.due,
        InstanceState::Completed | InstanceState::Compensated => command.is_none(),
        InstanceState::Unreadable => true,
    };
    if wants_nothing {
        debug!(instance = %head.id, state = %machine.instance_state(), "nothing to go on with");
        return Revived::Settled;
    }
    let Recalled { memory, output, parent, trace, unread } = recall(saga, &entries);
    let seq = entries.last().map_or(head.seq, |last| last.seq);
    // Once a change of clock is on record in this stay, it is not taken down again.
    let by_this_clock = entries
        .last()
        .is_some_and(|last| last.epoch == shared.epoch() && !shared.wall.was_set_since(last.at));
    // What cannot be read parks the instance, so it needs no place.
    let place = if unread.is_none() { place } else { None };
    let (id, created_at) = (head.id.clone(), head.created_at);
    let arriving =
        Arriving { id, saga: Arc::clone(saga), memory, place, slot: None, created_at, parent, trace };
    let loss = shared.suspects.loss_of(stored, &machine);
    let live = Live::revived(shared, arriving, machine, seq, head.progress.clone(), output);
    if loss != Loss::CutOff {
        live.suspect(shared.suspects.suspect());
    }
    if !by_this_clock {
        live.prepare([Input::ClockChanged.into()]);
    }
    live.prepare(first_inputs(&live, loss, command, unread, &stored.signals));
    let is_deaf = inbox::has_signals(saga.definition());
    if is_deaf {
        live.deafen();
    }
    match shared.insert(&live) {
        Inserted::New => {
            live.come_in();
            if is_deaf { Revived::Deaf(Deaf { live, heard: stored.signals.len() }) } else { Revived::Settled }
        }
        Inserted::There(there) => {
            let is_of_this_stay = there.is_created() && there.epoch() == shared.epoch();
            let is_told = is_of_this_stay && there.was_handed_out(&stored.signals);
            if is_told { Revived::Settled } else { Revived::Busy }
        }
        Inserted::Closed => Revived::Settled,
    }
}

/// What an instance that was read back hears of first.
fn first_inputs(
    live: &Live,
    loss: Loss,
    command: Option<Command>,
    unread: Option<(StepIndex, String)>,
    signals: &[Signal],
) -> Vec<Arrival> {
    let mut inputs: Vec<Arrival> = vec![Input::Recovered { loss }.into()];
    if let Some(Command { input, reply }) = command {
        inputs.push(Arrival { reply: Some(reply), ..input.into() });
    }
    match unread {
        Some((step, message)) => {
            inputs.push(Input::Park { step, item: None, reason: ParkReason::Decode, message }.into());
        }
        None => {
            inputs.extend(inbox::inputs(live, signals).into_iter().map(Arrival::from));
            inputs.push(Input::Proceed.into());
        }
    }
    inputs
}

/// Reads the signals of instances once more: one that came between the first time and being in memory was told to
/// nobody, and comes before all that its instance was told of since.
///
/// # Errors
/// They cannot be read, and all of them have left memory again: they are to be read back later.
pub(crate) async fn hear_late_signals(shared: &Shared, deaf: Vec<Deaf>) -> Result<(), Vec<InstanceId>> {
    if deaf.is_empty() {
        return Ok(());
    }
    let ids: Vec<InstanceId> = deaf.iter().map(|Deaf { live, .. }| live.id().clone()).collect();
    match shared.store.load(&ids).await {
        Ok(stored) => {
            for (Deaf { live, heard }, stored) in deaf.into_iter().zip(stored) {
                let signals = stored.map(|stored| stored.signals).unwrap_or_default();
                live.hear(signals.get(heard..).unwrap_or_default());
            }
            Ok(())
        }
        Err(error) => {
            warn!(instances = ids.len(), %error, "signals could not be read, reading their instances back later");
            deaf.iter().for_each(|Deaf { live, .. }| live.lose());
            Err(ids)
        }
    }
}

/// The values of an instance, as far as they can be read.
#[derive(Default)]
struct Recalled {
    memory: Option<Arc<dyn AnyInstance>>,
    output: Output,
    parent: Option<InstanceId>,
    trace: Option<Arc<TraceContext>>,
    unread: Option<(StepIndex, String)>,
}

/// Puts the input, the outputs, the items and the signals back from the journal.
fn recall(saga: &Arc<dyn AnySaga>, entries: &[Entry]) -> Recalled {
    let definition = saga.definition();
    let mut recalled = Recalled::default();
    for event in entries.iter().flat_map(|entry| &entry.events) {
        recalled.output.note(definition, definition.output(), event);
        if let Event::SagaStarted { input, parent, trace, .. } = event {
            recalled.parent.clone_from(parent);
            recalled.trace = trace.clone().map(Arc::new);
            match saga.recall(input) {
                Ok(memory) => recalled.memory = Some(memory),
                Err(message) => recalled.unread = StepIndex::new(0).map(|first| (first, message)),
            }
        } else if let Some(memory) = &recalled.memory
            && let Some(step) = event.step().and_then(|name| definition.index_of(name))
            && let Some(slot) = memory.slot(step)
            && let Err(message) = restore(slot, event)
        {
            recalled.unread.get_or_insert((step, message));
        }
    }
    if recalled.unread.is_some() {
        recalled.memory = None;
    }
    recalled
}

/// Puts back what an event says of a step's values.
fn restore(slot: &dyn AnySlot, event: &Event) -> Result<(), String> {
    match event {
        Event::StepSucceeded { item: None, output, .. } => slot.restore(output),
        Event::StepSucceeded { item: Some(item), output, .. } => slot.restore_item(*item, output),
        Event::ItemsListed { items, .. } => slot.restore_items(items),
        Event::SignalReceived { payload, .. } => slot.restore_signal(payload),
        _ => Ok(()),
    }
}

/// Marks an instance as unreadable; `false` if that could not be written.
async fn mark_unreadable(shared: &Arc<Shared>, head: &Head) -> bool {
    let (id, at) = (&head.id, shared.now());
    let write = Write::MarkUnreadable { id: id.clone(), epoch: shared.epoch(), at };
    let (answer, written) = oneshot::channel();
    shared.committer.submit_for(write, answer, Lifecycle::work(shared));
    match written.await {
        Ok(Written::Durable) => {
            let progress = Progress::new(InstanceState::Unreadable, at);
            attention::tell(shared, || InstanceSummary::new(Head { progress, ..head.clone() }, false));
            true
        }
        Ok(Written::Refused(refusal)) => {
            warn!(instance = %id, %refusal, "the instance could not be marked");
            true
        }
        Ok(Written::Failed(_)) | Err(_) => false,
    }
}

/// Reads one instance, with what a store that never heard of it answers.
pub(crate) async fn load(store: &dyn Store, id: &InstanceId) -> Result<Stored, Error> {
    let mut stored = store.load(std::slice::from_ref(id)).await?;
    stored.pop().flatten().ok_or_else(|| Error::NotFound { id: id.to_string() })
}
