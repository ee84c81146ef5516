//! Messages, of which each is kept once, and none that is there is missed: I3.

use sagas::journal::{Entry, Event};
use sagas::store::Timestamp;

use super::{Judge, Promise};

impl Judge {
    /// A message is durable, perhaps once more.
    pub(super) fn signalled(&mut self, signal: &str, at: Timestamp) {
        if !self.signals.iter().any(|(other, _)| other == signal) {
            self.signals.push((signal.to_owned(), at));
        }
    }

    /// An entry may say that the message of a step did not come.
    pub(super) fn missed(&mut self, entry: &Entry) {
        let misses = |event: &Event| matches!(event, Event::SignalMissed { .. });
        if entry.events.iter().any(misses) && self.signals.iter().any(|(_, at)| *at < entry.at) {
            let seq = entry.seq;
            self.breaks(Promise::I3, || format!("entry {seq} misses a message that was acknowledged before"));
        }
    }
}
