//! The judge: sees everything as it happens, and finds what is broken in it.

mod calls;
mod deadlines;
mod ends;
mod entries;
mod pauses;
mod standing;
mod told;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sagas::journal::InstanceState;
use sagas::store::Timestamp;

use super::place::{Life, Method, Slot, Who};
use super::plan::Family;
use super::seen::Seen;
use crate::promise::{Broken, Promise};
use deadlines::Deadline;
pub(crate) use ends::{Final, Kept};
use pauses::Failures;
pub(crate) use standing::Standing;

/// How many broken promises of one run are told.
const BROKEN_MAX: usize = 10;

/// Sees a run.
#[derive(Debug)]
pub(crate) struct Judge {
    family: Arc<Family>,
    /// Whether nothing befalls the workers and the store, and there is a place for every instance.
    is_fair: bool,
    /// How much time has passed.
    now: Duration,
    journals: BTreeMap<Who, Standing>,
    /// Whose stay each is.
    stays: BTreeMap<u64, Life>,
    /// The last stay of each process that it knows to have ended.
    lost: BTreeMap<Life, u64>,
    /// The stay under which each attempt was announced last.
    announced: BTreeMap<(Slot, Method, u32), u64>,
    /// How many calls are under way.
    under_way: BTreeMap<(Life, Slot), u32>,
    deadlines: BTreeMap<Who, Deadline>,
    /// Until when what is tried again pauses.
    pauses: BTreeMap<(Slot, Method), Timestamp>,
    /// How often each compensation has failed.
    failures: BTreeMap<Slot, Failures>,
    /// What a client was told of an instance that has to stay true.
    told_cancelled: Vec<Who>,
    broken: Vec<Broken>,
}

impl Judge {
    /// Judges a run of these sagas. What `is_fair` has nothing befall the workers and the store, and a place for every
    /// instance.
    pub(crate) fn new(family: Arc<Family>, is_fair: bool) -> Self {
        Self {
            family,
            is_fair,
            now: Duration::ZERO,
            journals: BTreeMap::new(),
            stays: BTreeMap::new(),
            lost: BTreeMap::new(),
            announced: BTreeMap::new(),
            under_way: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            pauses: BTreeMap::new(),
            failures: BTreeMap::new(),
            told_cancelled: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// What is seen next.
    pub(crate) fn see(&mut self, at: Duration, seen: &Seen) {
        self.now = at;
        match seen {
            Seen::Called { life, slot, method, attempt, runs, .. } => {
                self.calls(*life, *slot, *method, *attempt, *runs);
                if *method == Method::Step {
                    *self.under_way.entry((*life, *slot)).or_default() += 1;
                }
            }
            Seen::Ended { life, slot, method } => {
                if *method == Method::Step
                    && let Some(under_way) = self.under_way.get_mut(&(*life, *slot))
                {
                    *under_way = under_way.saturating_sub(1);
                }
            }
            Seen::WrongOutput { slot, before } => {
                let (slot, before) = (*slot, *before);
                self.breaks(Promise::I1, || format!("{slot} was called without the output of s{before}"));
            }
            Seen::Wrote { life, who, entry, row } => self.wrote(*life, *who, entry, *row),
            Seen::Signalled { who, id } => self.standing(*who).signals.push(id.clone()),
            Seen::Unreadable { who } => {
                self.breaks(Promise::I5, || format!("the journal of {who} could not be read"));
            }
            Seen::Joined { life, epoch } => {
                self.stays.insert(*epoch, *life);
            }
            Seen::ToldLost { life, epoch } => {
                self.lost.insert(*life, *epoch);
            }
            Seen::HandedOut { life, epoch, who } => self.handed_out(*life, *epoch, who),
            Seen::Told { who, what } => self.told(*who, what),
            Seen::Arrived { .. } | Seen::StoreFailed { .. } | Seen::Befell { .. } | Seen::Calm => {}
        }
    }

    /// What the journal of an instance says.
    pub(crate) fn journal(&self, who: Who) -> Option<&Standing> {
        self.journals.get(&who).filter(|journal| journal.saga.is_some())
    }

    /// Who has an instance.
    pub(crate) fn holder(&self, who: Who) -> Option<Life> {
        self.stays.get(&self.journal(who)?.owner).copied()
    }

    /// Whether something of an instance is under way that a process has.
    pub(crate) fn drives(&self, life: Life) -> bool {
        let is_its = |journal: &Standing| self.stays.get(&journal.owner) == Some(&life);
        self.journals.values().any(|journal| journal.is_under_way() && is_its(journal))
    }

    /// Whether an instance waits.
    pub(crate) fn is_something_waiting(&self) -> bool {
        self.journals.values().any(Standing::waits)
    }

    /// The instances that are started.
    pub(crate) fn started(&self) -> Vec<Who> {
        let started = self.journals.iter().filter(|(_, journal)| journal.saga.is_some());
        started.map(|(who, _)| *who).collect()
    }

    /// What is broken.
    pub(crate) fn broken(&self) -> Vec<Broken> {
        self.broken.clone()
    }

    /// Something is broken.
    pub(crate) fn breaks(&mut self, promise: Promise, what: impl FnOnce() -> String) {
        if self.broken.len() < BROKEN_MAX {
            self.broken.push(Broken { promise, what: what() });
        }
    }

    /// The pivot of an instance, if it has one.
    fn pivot_of(&self, who: Who) -> Option<u8> {
        let saga = self.family.named(self.journal(who)?.saga.as_deref()?)?;
        u8::try_from(saga.pivot()?.get()).ok()
    }

    fn standing(&mut self, who: Who) -> &mut Standing {
        self.journals.entry(who).or_default()
    }

    /// The state that an instance is in by its journal, if it has ended.
    fn ending(&self, who: Who) -> Option<InstanceState> {
        let journal = self.journal(who)?;
        if journal.compensated > 0 {
            Some(InstanceState::Compensated)
        } else if journal.completed > journal.reverted {
            Some(InstanceState::Completed)
        } else {
            None
        }
    }
}
