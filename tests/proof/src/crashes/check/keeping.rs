//! What is kept: I3, I4, I5.

use sagas::InstanceId;
use sagas::journal::{Entry, InstanceState};

use super::{Final, Judge, Promise};
use crate::crashes::seen::Ending;
use crate::crashes::shape::ID;

impl Ending {
    /// The state that an instance is in when its outcome says so.
    pub(super) const fn state(self) -> InstanceState {
        match self {
            Self::Completed => InstanceState::Completed,
            Self::Compensated => InstanceState::Compensated,
            Self::Parked => InstanceState::Parked,
        }
    }
}

impl Judge {
    /// An entry was added, and its write said that the row is in the state `row`.
    pub(super) fn after_entry(&mut self, instance: usize, entry: &Entry, row: Option<InstanceState>) {
        self.decided(instance, entry);
        let standing = &mut self.journals.instances[instance];
        standing.row = row.or(standing.row);
        let (row, state) = (standing.row, self.journals.state(instance));
        if row != Some(state) {
            let seq = entry.seq;
            self.breaks(Promise::I4, || format!("after entry {seq} it is {state}, and the row says {row:?}"));
        }
    }

    /// I5: whatever can be written can be recovered from.
    pub(super) fn unreadable(&mut self, id: &InstanceId) {
        self.breaks(Promise::I5, || format!("the journal of {id} could not be read"));
    }

    /// I3: the store holds everything that it acknowledged, and I4: its row is that of the journal.
    pub(super) fn kept(&mut self, end: &Final<'_>) {
        for instance in 0..2 {
            let kept = end.kept.iter().find(|kept| usize::from(kept.id.as_str() != ID) == instance);
            let entries = kept.map(|kept| kept.entries.as_slice()).unwrap_or_default();
            if entries != self.wrote[instance] {
                let (there, wrote) = (entries.len(), self.wrote[instance].len());
                self.breaks(Promise::I3, || {
                    format!("of {wrote} entries that were acknowledged {there} are there")
                });
            }
            let state = self.journals.state(instance);
            if let Some(kept) = kept.filter(|kept| kept.state != state) {
                let row = kept.state;
                self.breaks(Promise::I4, || format!("at the end it is {state}, and the row says {row}"));
            }
        }
        let mut kept: Vec<_> = end.kept.iter().flat_map(|kept| &kept.signals).collect();
        let mut sent: Vec<_> = self.signals.iter().map(|(signal, _)| signal).collect();
        kept.sort_unstable();
        sent.sort_unstable();
        if kept != sent {
            let what = format!("of the messages {sent:?} that were acknowledged {kept:?} are there");
            self.breaks(Promise::I3, || what);
        }
    }
}
