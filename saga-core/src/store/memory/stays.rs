//! The stays of workers and their leases.

use std::collections::BTreeMap;

use crate::id::Epoch;
use crate::time::Timestamp;

/// The stays at a store that have not ended, and the last epoch that was given.
#[derive(Debug, Default)]
pub(super) struct Stays {
    last: u64,
    leases: BTreeMap<Epoch, Timestamp>,
}

impl Stays {
    pub(super) fn join(&mut self, now: Timestamp, lease_until: Timestamp) -> Epoch {
        self.end_passed(now);
        self.last += 1;
        let epoch = Epoch::new(self.last);
        self.leases.insert(epoch, lease_until);
        epoch
    }

    pub(super) fn renew(&mut self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> bool {
        self.end_passed(now);
        match self.leases.get_mut(&epoch) {
            Some(lease) => {
                *lease = lease_until;
                true
            }
            None => false,
        }
    }

    pub(super) fn release(&mut self, epoch: Epoch) {
        self.leases.remove(&epoch);
    }

    /// Ends the stays whose lease has passed. They do not come back, even if a clock goes back: from here on
    /// their instances may be handed out.
    pub(super) fn end_passed(&mut self, now: Timestamp) {
        self.leases.retain(|_, lease_until| now < *lease_until);
    }

    pub(super) fn is_live(&self, epoch: Epoch) -> bool {
        self.leases.contains_key(&epoch)
    }
}
