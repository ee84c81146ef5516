//! That a deadline turns an instance around as long as it can be: I14.

use std::time::Duration;

use sagas::journal::{Entry, Event};
use sagas::store::Timestamp;

use super::{Judge, Promise};
use crate::crashes::shape::{Kind, Of};

/// When the instance is taken back, unless it is past its pivot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deadline {
    /// Never.
    None,
    /// So long after its start.
    After(Duration),
    /// At this time.
    At(Timestamp),
}

impl Deadline {
    /// The deadline of an instance that is yet to start.
    pub(super) fn after(after: Option<Duration>) -> Self {
        after.map_or(Self::None, Self::After)
    }
}

impl Judge {
    /// An entry is to be added: it starts no step after the deadline, but where there is no way back, or to settle.
    pub(super) fn in_time(&mut self, instance: usize, entry: &Entry) {
        if instance != 0 {
            return;
        }
        match self.deadline {
            Deadline::None => {}
            Deadline::After(after) => self.deadline = Deadline::At(entry.at.plus(after)),
            Deadline::At(at) if entry.at >= at && !self.is_past_pivot() => {
                let starts = |event: &Event| matches!(event, Event::StepStarted { .. });
                let forward = entry
                    .events
                    .iter()
                    .take_while(|event| !matches!(event, Event::CompensationDecided { .. }));
                if !self.journals.instances[0].goes_back() && forward.into_iter().any(starts) {
                    let seq = entry.seq;
                    self.breaks(Promise::I14, || format!("entry {seq} starts a step after the deadline"));
                }
            }
            Deadline::At(_) => {}
        }
    }

    /// Whether the pivot has started, however that went.
    fn is_past_pivot(&self) -> bool {
        let places = self.journals.places.iter().enumerate();
        let mut pivots =
            places.filter(|(_, place)| matches!(place.kind, Kind::Pivot(_)) && place.of == Of::Root);
        pivots.any(|(at, _)| self.journals.slots_of(at).any(|slot| self.journals.record(slot).attempts > 0))
    }
}
