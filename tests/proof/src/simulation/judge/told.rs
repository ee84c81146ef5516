//! What somebody is told: I2, I14, I17.

use super::Judge;
use crate::promise::Promise;
use crate::simulation::place::{Slot, Who};
use crate::simulation::seen::Told;

/// What an instance says that finds, after an entry, that its state in memory is not what would be read back.
const NOT_THE_FOLD: &str = "in memory is not the fold of its journal";

impl Judge {
    /// Somebody was told something of an instance.
    pub(super) fn told(&mut self, who: Who, what: &Told) {
        let standing = self.standing(who);
        let is_started = standing.saga.is_some();
        let is_durable = match what {
            Told::Started(_) | Told::Conflict(_) => is_started,
            Told::Signalled(id) => standing.signals.contains(id),
            Told::Cancelled => standing.goes_back(),
            Told::Reverted => standing.reverted > 0,
            Told::Resolved => standing.resolved > 0,
            Told::Completed(_) => standing.completed > 0,
            Told::Compensated => standing.compensated > 0,
            Told::Parked => standing.parked > 0,
            Told::Stopped(_) | Told::Refused(_) => true,
        };
        if !is_durable {
            self.breaks(Promise::I2, || {
                format!("somebody was told {what:?} of {who}, and it is not durable")
            });
        }
        match what {
            Told::Started(input) | Told::Conflict(input) => {
                let is_same = self.standing(who).input == input.to_string();
                if is_started && is_same != matches!(what, Told::Started(_)) {
                    self.breaks(Promise::I17, || format!("a client was told {what:?} of {who}"));
                }
            }
            Told::Completed(output) if self.output(who).is_some_and(|right| right != *output) => {
                self.breaks(Promise::I2, || {
                    format!("a client was told {what:?} of {who}, which is not its output")
                });
            }
            Told::Cancelled => self.told_cancelled.push(who),
            Told::Stopped(why) if why.contains(NOT_THE_FOLD) => {
                self.breaks(Promise::I4, || format!("{who}: {why}"));
            }
            _ => {}
        }
    }

    /// What an instance completes with: the output of its last step, which is that of its child where it has one there.
    fn output(&self, who: Who) -> Option<u32> {
        let journal = self.journal(who)?;
        let (at, last) = self.family.named(journal.saga.as_deref()?)?.steps().last()?;
        let step = u8::try_from(at.get()).ok()?;
        match last.child {
            // A person may have given it another.
            Some(_) if journal.resolved > 0 => None,
            Some(_) => self.output(Who { step: Some(step), ..who }),
            None => Some(Slot { who, step, item: None }.output()),
        }
    }
}
