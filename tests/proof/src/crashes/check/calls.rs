//! When something may be called: I1, I9, I10, I11.

use super::standing::which;
use super::{Judge, Promise};
use crate::crashes::act::Method;
use crate::crashes::shape::{Place, Slot};
use crate::record::Stands;

impl Judge {
    /// A service is called.
    pub(super) fn called(&mut self, slot: Slot, method: Method, attempt: u32) {
        let instance = which(self.journals.place(slot).of);
        if self.journals.instances[instance].has_ended() {
            let name = self.name(slot, method);
            self.breaks(Promise::I9, || format!("{name} was called after the instance had ended"));
        }
        match method {
            Method::Step => self.step_called(slot, attempt),
            Method::Check => self.check_called(slot, attempt),
            Method::Compensation => self.compensation_called(slot, attempt),
            Method::Ask | Method::Message => {}
        }
    }

    /// I1: the start and the outputs of all predecessors are durable.
    fn step_called(&mut self, slot: Slot, attempt: u32) {
        let name = self.name(slot, Method::Step);
        let record = self.journals.record(slot);
        if !record.is_open || record.attempts != attempt {
            self.breaks(Promise::I1, || {
                format!("attempt {attempt} of {name} ran, and its start is not durable")
            });
        }
        let place = self.journals.place(slot);
        for before in place.after {
            let is_before = |other: &&Place| other.step == *before && other.of == place.of;
            let Some(at) = self.journals.places.iter().position(|other| is_before(&other)) else { continue };
            let is_done = |slot| {
                let record = self.journals.record(slot);
                matches!(record.stands, Stands::Succeeded | Stands::Skipped) || record.compensations > 0
            };
            if !self.journals.slots_of(at).all(is_done) {
                self.breaks(Promise::I1, || format!("{name} ran before the output of {before} was durable"));
            }
        }
    }

    fn check_called(&mut self, slot: Slot, attempt: u32) {
        if self.journals.record(slot).checks != attempt {
            let name = self.name(slot, Method::Check);
            self.breaks(Promise::I1, || {
                format!("attempt {attempt} of {name} ran, and its start is not durable")
            });
        }
    }

    fn compensation_called(&mut self, slot: Slot, attempt: u32) {
        let name = self.name(slot, Method::Compensation);
        let record = *self.journals.record(slot);
        if record.compensations != attempt {
            self.breaks(Promise::I1, || {
                format!("attempt {attempt} of {name} ran, and its start is not durable")
            });
        }
        let is_under_way = self.under_way[slot.index()][Method::Step as usize] > 0;
        if record.is_open || is_under_way {
            self.breaks(Promise::I10, || format!("{name} was called while its step was running"));
        }
        if !self.journals.instances[which(self.journals.place(slot).of)].goes_back() {
            self.breaks(Promise::I7, || format!("{name} was called before it was decided to compensate"));
        }
        for later in self.journals.descendants(usize::from(slot.place)) {
            let in_force = self.journals.slots_of(later).find(|slot| self.journals.may_be_in_force(*slot));
            if let Some(later) = in_force {
                let later = self.name(later, Method::Step);
                self.breaks(Promise::I11, || format!("{name} was called while {later} may be in force"));
            }
        }
    }

    /// I10: always with the same key.
    pub(super) fn other_key(&mut self, slot: Slot) {
        let name = self.name(slot, Method::Step);
        self.breaks(Promise::I10, || format!("{name} was called with another key than before"));
    }
}
