//! Everything that is kept of one instance, for a person to read.

mod show;
mod text;
mod timeline;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use timeline::{AttemptResult, Ending, Happened, Happening, Method};

use crate::error::Error;
use crate::id::{Epoch, InstanceId, Seq, StepName};
use crate::journal::{EncodedEntry, Event, Head, InstanceState, ParkReason, Payload, TraceContext, codec};
use crate::outcome::Parked;
use crate::runtime::orchestrator::or_ending;
use crate::runtime::reading;
use crate::runtime::revive::{load, replay};
use crate::runtime::shared::Shared;
use crate::store::Stored;

/// Everything that is kept of one instance, with what follows from it.
///
/// Its [`Display`](fmt::Display) is a report to paste into an incident: where the instance stands, and everything that
/// happened to it with times and durations, without its payloads. Its `Debug` shows none either.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InstanceReport {
    /// Its id.
    pub id: InstanceId,
    /// Its saga's name.
    pub saga: Arc<str>,
    /// Its saga's version.
    pub version: u32,
    /// Its state.
    pub state: InstanceState,
    /// Since when it is in this state.
    pub since: SystemTime,
    /// The first step that it is parked at.
    pub step: Option<StepName>,
    /// Why it is parked there.
    pub reason: Option<ParkReason>,
    /// Everything of it that is parked, if its journal can be read.
    pub parked: Vec<Parked>,
    /// Whether something of it was tried in vain so often, or is so late, that a person should look.
    pub needs_attention: bool,
    /// Whether no saga of its name, version and shape is registered here.
    pub unregistered: bool,
    /// The instance whose step it is, if it is a child.
    pub parent: Option<InstanceId>,
    /// The trace of whoever started it, if it has one.
    pub trace: Option<TraceContext>,
    /// When it was started.
    pub created_at: SystemTime,
    /// When this report was made.
    pub inspected_at: SystemTime,
    /// Its journal.
    pub journal: Vec<ReportedEntry>,
    /// Its inbox, in the order of arrival.
    pub signals: Vec<ReportedSignal>,
    /// What happened to it, as far as its journal can be read.
    pub timeline: Vec<Happening>,
}

/// An entry of a journal.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReportedEntry {
    /// Its number, from 1.
    pub seq: Seq,
    /// When it was decided.
    pub at: SystemTime,
    /// The stay of the worker that wrote it.
    pub epoch: Epoch,
    /// What became true, in order.
    pub events: Result<Vec<Event>, UnreadEntry>,
}

/// An entry that cannot be read. Its `Debug` does not show what stands there.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadEntry {
    /// The number of its format.
    pub format: u32,
    /// What stands there.
    pub text: String,
    /// Why it cannot be read.
    pub why: String,
}

impl fmt::Debug for UnreadEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadEntry")
            .field("format", &self.format)
            .field("bytes", &self.text.len())
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

/// A signal that an instance was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedSignal {
    /// Its id.
    pub id: String,
    /// The step it is for.
    pub step: StepName,
    /// When it was sent.
    pub at: SystemTime,
    /// What it says.
    pub payload: Payload,
}

/// Everything that is kept of the instance.
pub(crate) async fn inspect(shared: &Shared, id: &InstanceId) -> Result<InstanceReport, Error> {
    let stored = load(&*shared.store, id).await.map_err(|error| or_ending(shared, error))?;
    let definition = reading::definition_of(shared, &stored.head).await?;
    let machine = definition.and_then(|definition| replay(&definition, &stored).ok()).map(|of| of.machine);
    let parked = machine.map(|machine| machine.parked_all().collect()).unwrap_or_default();
    let Stored { head, entries, signals } = stored;
    let unregistered = shared.registry.of(&head).is_none();
    let journal: Vec<ReportedEntry> = entries.into_iter().map(report_entry).collect();
    let timeline = timeline::of(&journal);
    let Head { id, saga, version, shape: _, parent, created_at, seq: _, progress } = head;
    Ok(InstanceReport {
        id,
        saga,
        version,
        state: progress.state,
        since: progress.since.into(),
        step: progress.step,
        reason: progress.reason,
        parked,
        needs_attention: progress.needs_attention,
        unregistered,
        parent,
        trace: trace_of(&journal),
        created_at: created_at.into(),
        inspected_at: shared.now().into(),
        journal,
        signals: signals
            .into_iter()
            .map(|signal| ReportedSignal {
                id: signal.id,
                step: signal.step,
                at: signal.at.into(),
                payload: signal.payload,
            })
            .collect(),
        timeline,
    })
}

fn report_entry(entry: EncodedEntry) -> ReportedEntry {
    let (seq, at, epoch) = (entry.seq, entry.at.into(), entry.epoch);
    let events = match codec::decode(&entry) {
        Ok(entry) => Ok(entry.events),
        Err(error) => Err(UnreadEntry { format: entry.format, text: entry.events, why: error.to_string() }),
    };
    ReportedEntry { seq, at, epoch, events }
}

fn trace_of(journal: &[ReportedEntry]) -> Option<TraceContext> {
    match journal.first()?.events.as_ref().ok()?.first()? {
        Event::SagaStarted { trace, .. } => trace.clone(),
        _ => None,
    }
}
