//! What a process does that is shut down: I14.

use sagas::journal::Event;

use super::{Judge, Promise};
use crate::crashes::seen::Seen;
use crate::crashes::shape::ID;

/// How far the end of a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// It works.
    Works,
    /// It is being shut down. An entry of each instance may have been on its way by then.
    Ends { has_written: [bool; 2] },
    /// It has been shut down.
    Ended,
}

impl Judge {
    /// Once a process ends nothing new starts, and once it has ended nothing is under way, and nothing happens.
    pub(super) fn process(&mut self, seen: &Seen) {
        match (self.process, seen) {
            (_, Seen::Begins | Seen::Died(_)) => self.process = Process::Works,
            (_, Seen::Ends) => self.process = Process::Ends { has_written: [false; 2] },
            (_, Seen::Ended) => {
                self.process = Process::Ended;
                if self.under_way.iter().flatten().any(|calls| *calls > 0) {
                    self.breaks(Promise::I14, || {
                        "calls were under way after the end of a process".to_owned()
                    });
                }
            }
            (Process::Ends { mut has_written }, Seen::Wrote { id, entry, .. }) => {
                let instance = usize::from(id.as_str() != ID);
                if has_written[instance] && entry.events.iter().any(starts) {
                    let seq = entry.seq;
                    self.breaks(Promise::I14, || {
                        format!("entry {seq} starts something while its process ends")
                    });
                }
                has_written[instance] = true;
                self.process = Process::Ends { has_written };
            }
            (Process::Ended, Seen::Wrote { .. } | Seen::Called { .. } | Seen::Did { .. }) => {
                self.breaks(Promise::I14, || "something happened after the end of a process".to_owned());
            }
            _ => {}
        }
    }
}

/// Whether something is announced that a process then does.
const fn starts(event: &Event) -> bool {
    matches!(
        event,
        Event::StepStarted { .. } | Event::CheckStarted { .. } | Event::CompensationStarted { .. }
    )
}
