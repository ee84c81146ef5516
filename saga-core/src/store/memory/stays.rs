//! The stays of workers and their leases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::id::Epoch;
use crate::store::{LeftBehind, SKEW_MAX, UNCLEAN_MAX};
use crate::time::Timestamp;

/// The stays at a store that have not ended, the last epoch that was given, and what ended stays left behind.
#[derive(Debug, Default, Clone)]
pub(super) struct Stays {
    last: u64,
    leases: BTreeMap<Epoch, Timestamp>,
    /// The stays that were not released, and are not settled.
    unclean: BTreeSet<Epoch>,
    /// The latest time that each stay was begun or prolonged at.
    seen: BTreeMap<Epoch, Timestamp>,
}

impl Stays {
    pub(super) fn join(&mut self, now: Timestamp, lease_until: Timestamp) -> Epoch {
        self.end_passed(now);
        self.last += 1;
        let epoch = Epoch::new(self.last);
        self.leases.insert(epoch, lease_until);
        self.seen.insert(epoch, now);
        epoch
    }

    pub(super) fn renew(&mut self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> bool {
        self.end_passed(now);
        match self.leases.get_mut(&epoch) {
            Some(lease) => {
                *lease = lease_until;
                self.seen.entry(epoch).and_modify(|seen| *seen = now.max(*seen));
                true
            }
            None => false,
        }
    }

    pub(super) fn release(&mut self, epoch: Epoch) {
        self.leases.remove(&epoch);
    }

    /// How far the clock of a worker has gone back that begins a stay now, if it has.
    pub(super) fn setback(&self, now: Timestamp) -> Option<Duration> {
        let seen = self.seen.values().max()?;
        Some(seen.since(now)).filter(|setback| *setback > SKEW_MAX)
    }

    /// Goes on in a new reckoning, in which every time is earlier by `setback`.
    pub(super) fn set_back(&mut self, now: Timestamp, setback: Duration) {
        self.seen.values_mut().for_each(|seen| *seen = now.min(*seen));
        self.leases.values_mut().for_each(|lease_until| *lease_until = lease_until.minus(setback));
    }

    pub(super) fn left_behind(&self, epoch: Epoch) -> LeftBehind {
        LeftBehind { unclean: self.unclean.range(..epoch).copied().collect() }
    }

    pub(super) fn settle(&mut self, epoch: Epoch) {
        self.unclean = self.unclean.split_off(&epoch);
    }

    /// Ends the stays whose lease has passed. They do not come back, even if a clock goes back: from here on
    /// their instances may be handed out.
    pub(super) fn end_passed(&mut self, now: Timestamp) {
        let passed = self.leases.extract_if(.., |_, lease_until| now >= *lease_until);
        self.unclean.extend(passed.map(|(epoch, _)| epoch));
        while self.unclean.len() > UNCLEAN_MAX {
            self.unclean.pop_first();
        }
    }

    pub(super) fn is_live(&self, epoch: Epoch) -> bool {
        self.leases.contains_key(&epoch)
    }
}
