//! What may be decided: I6, I7, I9, I12.

use sagas::journal::{Entry, Event};

use super::standing::which;
use super::{Judge, Promise};
use crate::crashes::act::Method;
use crate::crashes::shape::{Kind, Slot};

impl Judge {
    /// An entry is to be added.
    pub(super) fn before_entry(&mut self, instance: usize, entry: &Entry) {
        let standing = self.journals.instances[instance].clone();
        let reverts = entry.events.iter().any(|event| matches!(event, Event::CompensationDecided { .. }));
        if standing.compensated > 0 || (standing.has_ended() && !reverts) {
            let seq = entry.seq;
            self.breaks(Promise::I9, || format!("entry {seq} was written after the instance had ended"));
        }
        if entry.seq.get() != standing.last + 1 {
            let (seq, last) = (entry.seq, standing.last);
            self.breaks(Promise::I3, || format!("entry {seq} follows entry {last}"));
        }
    }

    /// An entry was added.
    pub(super) fn decided(&mut self, instance: usize, entry: &Entry) {
        let standing = self.journals.instances[instance].clone();
        let decisions = standing.decided + standing.completed;
        if decisions > 1 || standing.reverted > standing.completed || standing.compensated > 1 {
            self.breaks(Promise::I7, || "it was decided twice".to_owned());
        }
        if standing.compensated > 0 && !standing.goes_back() {
            self.breaks(Promise::I7, || "it is compensated, which nobody decided".to_owned());
        }
        for event in &entry.events {
            match event {
                Event::StepSucceeded { step, item, .. } => {
                    let of = |of| which(of) == instance;
                    let slot = Slot::find(self.journals.places, of, step.as_str(), *item);
                    if let Some(slot) = slot.filter(|slot| self.journals.record(*slot).successes > 1) {
                        let name = self.name(slot, Method::Step);
                        self.breaks(Promise::I6, || format!("{name} succeeded twice"));
                    }
                }
                Event::CompensationDecided { .. } => self.pivot_decided(instance),
                _ => {}
            }
        }
    }

    /// I12: nothing goes back while the pivot may be in force.
    fn pivot_decided(&mut self, instance: usize) {
        let places = self.journals.places;
        let is_pivot =
            |at: &usize| matches!(places[*at].kind, Kind::Pivot(_)) && which(places[*at].of) == instance;
        let Some(pivot) = (0..places.len()).find(is_pivot) else { return };
        let in_force = self.journals.slots_of(pivot).find(|slot| self.journals.may_be_in_force(*slot));
        if let Some(slot) = in_force {
            let name = self.name(slot, Method::Step);
            self.breaks(Promise::I12, || {
                format!("it was decided to compensate while {name} may be in force")
            });
        }
    }
}
