//! Whether a history keeps the promises: a checker for each, by name, that sees the journals and the services.

mod asking;
mod calls;
mod closing;
mod deadline;
mod decisions;
mod ends;
mod keeping;
mod messages;
mod standing;

#[cfg(test)]
mod tests;

use std::fmt;

use sagas::InstanceId;
use sagas::journal::InstanceState;
use sagas::store::Timestamp;

use super::act::Method;
use super::seen::{Seen, Told};
use super::shape::{ID, ITEMS, Place, Shape, Slot};
use super::world::World;
use asking::Answers;
use closing::Process;
use deadline::Deadline;
use standing::Standings;

/// A promise, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Promise {
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I9,
    I10,
    I11,
    I12,
    I13,
    I14,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// What a history ended with.
#[derive(Debug)]
pub(crate) struct Final<'a> {
    /// The services at the end.
    pub(crate) world: &'a World,
    /// What the store holds.
    pub(crate) kept: &'a [Kept],
    /// Why the last life did not come to an end, if it did not.
    pub(crate) stuck: Option<&'a str>,
    /// Whether a caller panicked, or the instance was cancelled.
    pub(crate) is_disturbed: bool,
}

/// What the store holds of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The instance.
    pub(crate) id: InstanceId,
    /// The state of its row.
    pub(crate) state: InstanceState,
    /// The bytes of its entries.
    pub(crate) entries: Vec<u64>,
    /// The names of its messages.
    pub(crate) signals: Vec<String>,
}

/// Goes through a history and finds what is broken in it.
#[derive(Debug)]
pub(crate) struct Judge {
    journals: Standings,
    /// The calls that are under way, of each slot and method.
    under_way: Vec<[u8; Method::ALL.len()]>,
    wrote: [Vec<u64>; 2],
    /// The messages that are durable, and when they were sent.
    signals: Vec<(String, Timestamp)>,
    answers: Answers,
    deadline: Deadline,
    told_back: bool,
    process: Process,
    broken: Vec<Broken>,
}

impl Judge {
    /// Judges a history of a shape.
    pub(crate) fn of<S: Shape>() -> Self {
        let places = S::PLACES;
        Self {
            deadline: Deadline::after(S::DEADLINE),
            journals: Standings::new(places),
            under_way: vec![[0; Method::ALL.len()]; places.len() * ITEMS],
            wrote: [Vec::new(), Vec::new()],
            signals: Vec::new(),
            answers: Answers::of(places),
            told_back: false,
            process: Process::Works,
            broken: Vec::new(),
        }
    }

    /// What comes next in the history.
    pub(crate) fn see(&mut self, seen: &Seen) {
        self.process(seen);
        match seen {
            Seen::Called { slot, method, attempt, .. } => {
                self.called(*slot, *method, *attempt);
                self.under_way[slot.index()][*method as usize] += 1;
            }
            Seen::Answered { slot, method } | Seen::Dropped { slot, method } => {
                let under_way = &mut self.under_way[slot.index()][*method as usize];
                *under_way = under_way.saturating_sub(1);
            }
            Seen::OtherKey { slot } => self.other_key(*slot),
            Seen::Wrote { id, entry, bytes, kept } => {
                let instance = usize::from(id.as_str() != ID);
                self.before_entry(instance, entry);
                self.answered(instance, entry);
                self.missed(entry);
                self.in_time(instance, entry);
                self.journals.add(instance, entry);
                self.wrote[instance].push(*bytes);
                self.after_entry(instance, entry, *kept);
            }
            Seen::Asked { slot, method, act, .. } => self.asked(*slot, *method, *act),
            Seen::Signalled { signal, at, .. } => self.signalled(signal, *at),
            Seen::Unreadable { id } => self.unreadable(id),
            Seen::Told(told) => self.told(*told),
            Seen::Died(_) => {
                self.under_way.iter_mut().for_each(|methods| methods.fill(0));
                self.answers.forget();
            }
            Seen::Did { .. } | Seen::HandedOut { .. } | Seen::Settled => {}
            Seen::Ends | Seen::Ended | Seen::Begins => {}
        }
    }

    /// What is broken, now that the history is at its end.
    pub(crate) fn end(mut self, end: &Final<'_>) -> Vec<Broken> {
        self.kept(end);
        self.ended(end);
        self.broken
    }

    fn breaks(&mut self, promise: Promise, what: impl FnOnce() -> String) {
        self.broken.push(Broken { promise, what: what() });
    }

    /// How a slot is called in reports.
    fn name(&self, slot: Slot, method: Method) -> String {
        name(self.journals.places, slot, method)
    }
}

/// How a slot is called in reports.
pub(crate) fn name(places: &[Place], slot: Slot, method: Method) -> String {
    let item = slot.item.map(|item| format!("/{item}")).unwrap_or_default();
    format!("{}{item}{}", places[usize::from(slot.place)].step, method.suffix())
}

impl Judge {
    fn told(&mut self, told: Told) {
        let root = &self.journals.instances[0];
        let is_durable = match told {
            Told::Started => root.started,
            Told::Signalled(name) => self.signals.iter().any(|(signal, _)| signal == name),
            Told::Resolved => self.journals.instances.iter().any(|instance| instance.resolved > 0),
            Told::Cancelled => root.goes_back(),
            Told::Reverted => root.reverted > 0,
            Told::NotRevertible => root.reverted > 0 || self.journals.has_pivot(),
            Told::Outcome(ending) => self.journals.state(0) == ending.state(),
        };
        self.told_back |= matches!(told, Told::Cancelled | Told::Reverted);
        if !is_durable {
            self.breaks(Promise::I2, || format!("a client was told {told:?}, and it is not durable"));
        }
    }
}
