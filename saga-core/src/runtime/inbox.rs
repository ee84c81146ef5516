//! Signals: durable in the inbox of their instance first, then told to it.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::warn;

use crate::error::Error;
use crate::id::{InstanceId, StepIndex};
use crate::journal::{Event, ParkReason, codec};
use crate::machine::Input;
use crate::runtime::committer::Written;
use crate::runtime::instance::Live;
use crate::runtime::line;
use crate::runtime::shared::Shared;
use crate::runtime::shutdown::Lifecycle;
use crate::store::{Refusal, Signal, Stored, Write};

/// Keeps a signal and tells its instance, if that is in memory; if not it is read back when it is due, which
/// the signal makes it if it waits.
pub(crate) async fn send(shared: &Arc<Shared>, id: &InstanceId, signal: Signal) -> Result<(), Error> {
    if shared.lifecycle.is_ending() {
        return Err(Error::ShuttingDown);
    }
    let (answer, written) = oneshot::channel();
    let at = signal.at;
    let write = Write::Signal { id: id.clone(), signal: signal.clone() };
    shared.committer.submit_for(write, answer, Lifecycle::work(shared));
    match written.await {
        Ok(Written::Durable) => {}
        Ok(Written::Refused(refusal)) => return Err(refused(id, refusal)),
        Ok(Written::Failed(error)) => return Err(Error::Store(error)),
        Err(_ended) => return Err(Error::ShuttingDown),
    }
    match shared.get(id) {
        Some(live) => tell(&live, &[signal]),
        None => line::call(shared, id),
    }
    shared.note_due(at);
    Ok(())
}

fn refused(id: &InstanceId, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Finished => Error::Finished { id: id.clone() },
        Refusal::Full => Error::TooManySignals { id: id.clone() },
        Refusal::Unreadable => Error::Unreadable {
            id: id.clone(),
            what: "it was marked as unreadable when it was read".to_owned(),
        },
        _ => Error::NotFound { id: id.to_string() },
    }
}

/// Tells an instance of signals. One that it has had before makes nothing true.
pub(crate) fn tell(live: &Arc<Live>, signals: &[Signal]) {
    live.feed_all(inputs(live, signals).into_iter().map(Into::into));
}

/// The inputs that signals make. A payload that cannot be read as today's type parks the instance at the step
/// that waits for it.
pub(crate) fn inputs(live: &Live, signals: &[Signal]) -> Vec<Input> {
    let definition = live.saga().definition();
    let mut inputs = Vec::new();
    for signal in signals {
        let (Some(step), Some(memory)) = (definition.index_of(&signal.step), live.memory()) else { continue };
        let Some(slot) = memory.slot(step) else { continue };
        inputs.push(match slot.restore_signal(&signal.payload) {
            Ok(()) => Input::Signal { step, id: signal.id.clone(), payload: signal.payload.clone() },
            Err(message) => Input::Park { step, item: None, reason: ParkReason::Decode, message },
        });
    }
    inputs
}

/// Looks once more into the inbox of an instance that has just left memory to wait for a signal: one that came
/// while it left would else go unnoticed.
pub(crate) fn look_again(shared: &Arc<Shared>, id: InstanceId) {
    let shared = Arc::clone(shared);
    shared.runtime.clone().spawn(async move {
        match shared.store.load(std::slice::from_ref(&id)).await {
            Ok(stored) if stored.iter().flatten().any(has_news) => shared.admission.enqueue(id),
            Ok(_) => {}
            Err(error) => {
                warn!(instance = %id, %error, "the inbox could not be read, reading the instance back instead");
                shared.admission.enqueue(id);
            }
        }
    });
}

/// Whether the inbox has a signal for a step that has had none.
fn has_news(stored: &Stored) -> bool {
    let entries = stored.entries.iter().filter_map(|entry| codec::decode(entry).ok());
    let received: Vec<_> = entries
        .flat_map(|entry| entry.events)
        .filter_map(|event| match event {
            Event::SignalReceived { step, .. } => Some(step),
            _ => None,
        })
        .collect();
    stored.signals.iter().any(|signal| !received.contains(&signal.step))
}

/// Whether a saga waits for signals at all.
pub(crate) fn has_signals(live: &Live) -> bool {
    live.saga().definition().steps().any(|(_, step): (StepIndex, _)| step.signal.is_some())
}
