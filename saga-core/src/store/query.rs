//! What a store is asked about many instances.

use std::fmt;

use crate::id::StepName;
use crate::journal::{Head, InstanceState, ParkReason};
use crate::time::Timestamp;

/// Which instances to show. Every part that is set has to fit; an empty one fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Of the saga of this name.
    pub saga: Option<String>,
    /// In one of these states; in any, if it is empty.
    pub states: Vec<InstanceState>,
    /// That need attention, or do not.
    pub needs_attention: Option<bool>,
    /// Parked at this step.
    pub step: Option<StepName>,
    /// Parked for this reason.
    pub reason: Option<ParkReason>,
    /// In their state since this time or longer.
    pub since_until: Option<Timestamp>,
    /// Created at this time or before.
    pub created_until: Option<Timestamp>,
    /// Whose id begins with this, byte by byte.
    pub id_prefix: Option<String>,
    /// That were created after the one that has this place.
    pub after: Option<Position>,
    /// At most this many.
    pub limit: usize,
}

impl Query {
    /// Whether the instance fits, but for where it stands.
    pub fn fits(&self, head: &Head) -> bool {
        let progress = &head.progress;
        self.saga.as_deref().is_none_or(|saga| saga == &*head.saga)
            && (self.states.is_empty() || self.states.contains(&progress.state))
            && self.needs_attention.is_none_or(|needs| needs == progress.needs_attention)
            && self.step.as_ref().is_none_or(|step| Some(step) == progress.step.as_ref())
            && self.reason.is_none_or(|reason| Some(reason) == progress.reason)
            && self.since_until.is_none_or(|until| progress.since <= until)
            && self.created_until.is_none_or(|until| head.created_at <= until)
            && self.id_prefix.as_deref().is_none_or(|prefix| head.id.as_str().starts_with(prefix))
    }
}

/// The place of an instance in the order of creation. What comes later has a higher one, and as long as the store is
/// open a place is given once, also if its instance is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// The place with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many instances have not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unfinished {
    /// Those that go forward.
    pub running: u64,
    /// Those whose effects are taken back.
    pub compensating: u64,
    /// Those that wait for a person.
    pub parked: u64,
    /// Those whose journal cannot be read.
    pub unreadable: u64,
    /// Those of all these that need attention.
    pub needs_attention: u64,
    /// When the first of them was created.
    pub oldest: Option<Timestamp>,
}

impl Unfinished {
    /// Counts an instance, if it has not ended.
    pub fn count(&mut self, head: &Head) {
        match head.progress.state {
            InstanceState::Running => self.running += 1,
            InstanceState::Compensating => self.compensating += 1,
            InstanceState::Parked => self.parked += 1,
            InstanceState::Unreadable => self.unreadable += 1,
            InstanceState::Completed | InstanceState::Compensated => return,
        }
        self.needs_attention += u64::from(head.progress.needs_attention);
        self.oldest = Some(self.oldest.map_or(head.created_at, |oldest| oldest.min(head.created_at)));
    }
}
