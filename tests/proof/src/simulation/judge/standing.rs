//! Where an instance stands by its journal, as the judge reads it.

use std::collections::BTreeMap;

use sagas::journal::{
    CheckNext, CompensationNext, Entry, Event, FailureKind, Next, ParkReason, ResolutionKind,
};

use sagas::store::Timestamp;

use crate::record::{Record, Stands};
use crate::simulation::place::step_of;

/// A step, or an item of one.
pub(crate) type At = (u8, Option<u32>);

/// What the journal says of an instance.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The name of its saga, once it is started.
    pub(crate) saga: Option<String>,
    /// What it was started with.
    pub(crate) input: String,
    /// How often it was decided to compensate, but for taking back what had completed.
    pub(crate) decided: u32,
    pub(crate) reverted: u32,
    pub(crate) completed: u32,
    pub(crate) compensated: u32,
    pub(crate) resolved: u32,
    /// How often something of it was parked.
    pub(crate) parked: u32,
    /// The number of its last entry.
    pub(crate) last: u64,
    /// Its time.
    pub(crate) last_at: Option<Timestamp>,
    /// The stay that it belongs to.
    pub(crate) owner: u64,
    /// The bytes of its entries.
    pub(crate) bytes: Vec<u64>,
    /// The signals that the store has acknowledged.
    pub(crate) signals: Vec<String>,
    /// How many items each step has.
    pub(crate) items: BTreeMap<u8, usize>,
    pub(crate) records: BTreeMap<At, Record>,
    /// Why what is parked is.
    pub(crate) reasons: BTreeMap<At, ParkReason>,
    /// What was told to wait before its first attempt, for a time or a message.
    pub(crate) awaited: Vec<At>,
    /// What a person gave up.
    pub(crate) skipped: Vec<At>,
}

impl Standing {
    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.compensated > 0 || self.completed > self.reverted
    }

    /// Whether it compensates, or has.
    pub(crate) fn goes_back(&self) -> bool {
        self.decided + self.reverted > 0
    }

    /// What the journal says of a step or item.
    pub(crate) fn record(&self, at: At) -> Record {
        self.records.get(&at).copied().unwrap_or(Record::default())
    }

    /// What the journal says of a step and of each of its items.
    pub(crate) fn records_of(&self, step: u8) -> impl Iterator<Item = (At, &Record)> {
        self.records.range((step, None)..=(step, Some(u32::MAX))).map(|(at, record)| (*at, record))
    }

    /// Whether something of a step may be in force.
    pub(crate) fn may_be_in_force(&self, step: u8) -> bool {
        self.records_of(step).any(|(_, record)| record.may_be_in_force())
    }

    /// Whether a step is done: it succeeded, or is skipped, or so it was before it was compensated.
    pub(crate) fn is_done(&self, step: u8) -> bool {
        let is_done = |record: &Record| {
            matches!(record.stands, Stands::Succeeded | Stands::Skipped) || record.compensations > 0
        };
        match self.items.get(&step) {
            Some(items) => {
                let done =
                    self.records_of(step).filter(|((_, item), record)| item.is_some() && is_done(record));
                done.count() == *items
            }
            None => is_done(&self.record((step, None))),
        }
    }

    /// Whether something of it waits: for its next attempt, for a time or for a message.
    pub(crate) fn waits(&self) -> bool {
        let awaited = self.awaited.iter().any(|at| self.record(*at).stands == Stands::Pending);
        let again = self.records.values().any(|record| record.stands == Stands::Waiting);
        !self.has_ended() && (awaited || again)
    }

    /// Whether a call of it is announced that has not ended on record.
    pub(crate) fn is_under_way(&self) -> bool {
        let is_called = |record: &Record| {
            record.is_open || matches!(record.stands, Stands::Checking | Stands::Compensating)
        };
        !self.has_ended() && self.records.values().any(is_called)
    }

    /// What is parked, and why.
    pub(crate) fn all_parked(&self) -> Vec<(At, ParkReason)> {
        let parked = self.records.iter().filter(|(_, record)| record.stands == Stands::Parked);
        parked.filter_map(|(at, _)| Some((*at, *self.reasons.get(at)?))).collect()
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, entry: &Entry) {
        entry.events.iter().for_each(|event| self.apply(event));
        self.last = entry.seq.get();
        self.last_at = Some(entry.at);
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::SagaStarted { saga, input, .. } => {
                self.saga = Some(saga.to_string());
                self.input = input.as_str().to_owned();
            }
            Event::CompensationDecided { cause } => {
                if cause.kind == FailureKind::Reverted && self.completed > 0 {
                    self.reverted += 1;
                } else {
                    self.decided += 1;
                }
                self.stop_waiting();
            }
            Event::Completed => self.completed += 1,
            Event::Compensated => self.compensated += 1,
            _ => {}
        }
        let Some(step) = event.step().and_then(|step| step_of(step.as_str())) else { return };
        let at = (step, event.item());
        if let Event::ItemsListed { items, .. } = event {
            self.items.insert(step, items.len());
        }
        if let Event::Resolved { how, .. } = event {
            self.resolved += 1;
            if *how == ResolutionKind::Skip {
                self.skipped.push(at);
            }
        }
        if matches!(event, Event::StepDelayed { .. } | Event::SignalAwaited { .. }) {
            self.awaited.push(at);
        }
        if let Some(reason) = parks(event) {
            self.parked += 1;
            self.reasons.insert(at, reason);
        }
        self.records.entry(at).or_default().apply(event);
    }

    /// What waits when it is decided to compensate is void, or in doubt if an attempt was.
    fn stop_waiting(&mut self) {
        for record in self.records.values_mut().filter(|record| record.stands == Stands::Waiting) {
            record.stands = if record.doubt { Stands::InDoubt } else { Stands::Void };
        }
    }
}

/// Why an event parks, if it does.
fn parks(event: &Event) -> Option<ParkReason> {
    match event {
        Event::Parked { reason, .. }
        | Event::AttemptFailed { next: Next::Park(reason), .. }
        | Event::AttemptLost { next: Next::Park(reason), .. }
        | Event::SignalMissed { next: Next::Park(reason), .. }
        | Event::CheckedVoid { next: Next::Park(reason), .. }
        | Event::CheckFailed { next: CheckNext::Park(reason), .. }
        | Event::CompensationFailed { next: CompensationNext::Park(reason), .. } => Some(*reason),
        _ => None,
    }
}
