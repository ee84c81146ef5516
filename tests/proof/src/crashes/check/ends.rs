//! What must be true at the end: I8, I12, I13, I14.

use sagas::journal::InstanceState;

use super::standing::which;
use super::{Broken, Final, Judge, Promise};
use crate::crashes::act::Method;
use crate::crashes::shape::Kind;
use crate::crashes::world::World;

/// What an instance says that finds, after an entry, that its state in memory is not what would be read back.
const NOT_THE_FOLD: &str = "in memory is not the fold of its journal";

impl Judge {
    /// The history is at its end.
    pub(super) fn ended(&mut self, end: &Final<'_>) {
        let state = self.journals.state(0);
        if let Some(why) = end.stuck.filter(|why| why.contains(NOT_THE_FOLD)) {
            self.breaks(Promise::I4, || why.to_owned());
        } else if let Some(why) = end.stuck {
            self.breaks(Promise::I13, || format!("it does not come to an end: {why}"));
        } else if !matches!(state, InstanceState::Completed | InstanceState::Compensated) {
            self.breaks(Promise::I13, || format!("it is {state} for ever"));
        }
        if self.told_back && state == InstanceState::Completed {
            self.breaks(Promise::I14, || "it is completed after it was taken back".to_owned());
        }
        self.effects(end.world, "");
        let mut late = end.world.clone();
        late.deliver_late();
        self.effects(&late, ", once the requests that still travelled have arrived");
        if let Some((one, other)) = end.world.shared_key() {
            let (one, other) = (self.name(one, Method::Step), self.name(other, Method::Step));
            self.breaks(Promise::I8, || format!("{one} and {other} have the same key"));
        }
        if end.is_disturbed {
            let of_two = |broken: &&Broken| matches!(broken.promise, Promise::I7 | Promise::I8);
            let also: Vec<_> = self.broken.iter().filter(of_two).map(|broken| broken.what.clone()).collect();
            also.into_iter().for_each(|what| self.breaks(Promise::I14, || what));
        }
    }

    /// I8: compensated is a net effect of zero, completed is each effect once.
    fn effects(&mut self, world: &World, when: &str) {
        for (slot, effects) in world.in_force() {
            let place = self.journals.place(slot);
            // A child that never was has no effects either.
            let state = match self.journals.state(which(place.of)) {
                InstanceState::Running if which(place.of) == 1 => self.journals.state(0),
                state => state,
            };
            let wanted = match state {
                InstanceState::Compensated => 0,
                InstanceState::Completed if place.kind == Kind::ReadOnly => 0,
                InstanceState::Completed if !self.journals.is_to_run(slot) => 0,
                InstanceState::Completed => 1,
                _ => continue,
            };
            if effects != wanted {
                let name = self.name(slot, Method::Step);
                let promise = match place.kind {
                    Kind::Pivot(_) | Kind::Retriable(_) if wanted == 0 => Promise::I12,
                    _ => Promise::I8,
                };
                self.breaks(promise, || {
                    format!("{state}, and {effects} effects of {name} are in force{when}")
                });
            }
        }
    }
}
