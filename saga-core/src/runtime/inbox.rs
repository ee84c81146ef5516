//! Signals: durable in the inbox of their instance first, then told to it.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::definition::Definition;
use crate::error::Error;
use crate::id::{InstanceId, StepIndex};
use crate::journal::ParkReason;
use crate::machine::Input;
use crate::runtime::committer::Written;
use crate::runtime::instance::Live;
use crate::runtime::line;
use crate::runtime::shared::Shared;
use crate::runtime::shutdown::Lifecycle;
use crate::store::{Refusal, Signal, Write};

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
    tell(shared, id, &[signal]);
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

/// Tells an instance of signals, if it is in memory; if it stands in line, it is brought back for them. One that it
/// has had before makes nothing true.
pub(crate) fn tell(shared: &Shared, id: &InstanceId, signals: &[Signal]) {
    if !shared.driven(id).is_some_and(|live| live.feed_signals(signals)) {
        line::call(shared, id);
    }
}

/// The inputs that signals make, in the order in which the instance is to hear of them. A payload that cannot be read
/// as today's type parks the instance at the step that waits for it.
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

/// Whether a saga waits for signals at all.
pub(crate) fn has_signals(definition: &Definition) -> bool {
    definition.steps().any(|(_, step): (StepIndex, _)| step.signal.is_some())
}
