//! What is in a batch that is written.

use std::fmt::Write as _;

use saga_core::journal::{Event, codec};
use saga_core::store::Write;

/// The events of a write.
pub(crate) fn events_of(write: &Write) -> Vec<Event> {
    match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => {
            codec::decode(entry).map(|entry| entry.events).unwrap_or_default()
        }
        Write::Signal { .. } | Write::MarkUnreadable { .. } => Vec::new(),
    }
}

/// What a batch holds, for people.
pub(crate) fn named(batch: &[Write]) -> String {
    let mut names = String::new();
    for event in batch.iter().flat_map(events_of) {
        let comma = if names.is_empty() { "" } else { ", " };
        let step = event.step().map(|step| format!(" {step}")).unwrap_or_default();
        let _infallible = write!(names, "{comma}{}{step}", event.name());
    }
    match names.is_empty() {
        true if batch.iter().any(|write| matches!(write, Write::Signal { .. })) => "a signal".to_owned(),
        true => "an entry without an event".to_owned(),
        false => names,
    }
}

/// The attempts of the instance `id` that begin in a batch, by their steps.
pub(crate) fn begun_in(batch: &[Write], id: &str) -> Vec<String> {
    let events = batch.iter().filter(|write| write.id().as_str() == id).flat_map(events_of);
    events
        .filter_map(|event| match event {
            Event::StepStarted { step, item: None, .. } => Some(step.to_string()),
            Event::StepStarted { step, item: Some(item), .. } => Some(format!("{step}/{item}")),
            _ => None,
        })
        .collect()
}

/// What was decided in an event, if it is told; what came of calls is told where they are made. `is_root` says whether
/// it is one of the instance that the history is about.
pub(crate) fn decided(event: &Event, is_root: bool) -> Option<String> {
    let what = match event {
        Event::StepSkipped { step } => format!("{step} is skipped"),
        Event::SignalAwaited { step, .. } => format!("{step} waits for its signal"),
        Event::SignalReceived { step, id, .. } => format!("{step}: the signal {id} is there"),
        Event::SignalMissed { step, .. } => format!("{step}: the signal did not come in time"),
        Event::AttemptLost { step, item, attempt, .. } => {
            let item = item.map(|item| format!("/{item}")).unwrap_or_default();
            format!("{step}{item}, attempt {attempt}: it died with the process, and is in doubt")
        }
        Event::CompensationDecided { cause } => match &cause.step {
            Some(step) => format!("compensating, since {step} failed: {}", cause.message),
            None => format!("compensating: {}", cause.message),
        },
        Event::Parked { step, reason, message, .. } if !is_root => {
            format!("parked at {step} ({reason}): {message}")
        }
        Event::Completed if !is_root => "completed".to_owned(),
        Event::Compensated if !is_root => "compensated".to_owned(),
        _ => return None,
    };
    Some(what)
}
