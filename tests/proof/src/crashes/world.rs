//! What the services remember, and what is in force.

use std::sync::Arc;

use super::act::{Act, Method};
use super::seen::Done;
use super::shape::{ITEMS, Kind, Place, Service, Slot};

/// The rules that a participant keeps. A service that breaks one shows that the checkers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// It accepts a compensation twice.
    pub(crate) takes_back_once: bool,
    /// It accepts a compensation of what never happened.
    pub(crate) accepts_nothing: bool,
    /// It refuses a call whose compensation it has seen.
    pub(crate) refuses_late_calls: bool,
}

impl Rules {
    /// All are kept.
    pub(crate) const KEPT: Self =
        Self { takes_back_once: true, accepts_nothing: true, refuses_late_calls: true };
}

/// What one service knows of one key.
#[derive(Debug, Clone, Default)]
struct Known {
    key: Option<Arc<str>>,
    calls: [u8; Method::ALL.len()],
    travelling: u8,
    effects: i8,
    took_back: bool,
    refused: bool,
}

/// What all services know.
#[derive(Debug, Clone)]
pub(crate) struct World {
    places: &'static [Place],
    rules: Rules,
    known: Vec<Known>,
}

impl World {
    /// Services that know nothing.
    pub(crate) fn new(places: &'static [Place], rules: Rules) -> Self {
        Self { places, rules, known: vec![Known::default(); places.len() * ITEMS] }
    }

    /// A call is sent under `key`. Says how many there were before, and whether all had the same key.
    pub(crate) fn call(&mut self, slot: Slot, method: Method, key: &str) -> (u8, bool) {
        let known = &mut self.known[slot.index()];
        let is_same = known.key.get_or_insert_with(|| key.into()).as_ref() == key;
        let calls = &mut known.calls[method as usize];
        let before = *calls;
        *calls = calls.saturating_add(1);
        if method == Method::Step {
            known.travelling += 1;
        }
        (before, is_same)
    }

    /// Something of a step is asked that is no service. Says how often it was, this time included.
    pub(crate) fn ask(&mut self, slot: Slot, method: Method) -> u8 {
        let asked = &mut self.known[slot.index()].calls[method as usize];
        *asked = asked.saturating_add(1);
        *asked
    }

    /// A request arrives that the service treats as `act` says.
    pub(crate) fn arrive(&mut self, slot: Slot, method: Method, act: Act) -> Done {
        match method {
            Method::Step => self.step(slot, act),
            Method::Compensation => self.compensation(slot, act),
            Method::Check => self.check(slot, act),
            Method::Ask | Method::Message => unreachable!("no service is called"),
        }
    }

    fn step(&mut self, slot: Slot, act: Act) -> Done {
        let service = self.service(slot);
        let forgets =
            !matches!(self.places[usize::from(slot.place)].kind, Kind::Compensatable(_) | Kind::Pivot(_));
        let known = &mut self.known[slot.index()];
        known.travelling = known.travelling.saturating_sub(1);
        match act {
            Act::Refuse if known.effects == 0 => {
                // A step after the pivot is called again once a person has seen to it that it can succeed.
                known.refused = !forgets;
                Done::Refused
            }
            Act::NotDone => Done::Nothing,
            _ => self.apply(slot, service),
        }
    }

    fn apply(&mut self, slot: Slot, service: Option<Service>) -> Done {
        let is_idempotent = service == Some(Service::Idempotent);
        let known = &mut self.known[slot.index()];
        if known.took_back && self.rules.refuses_late_calls {
            return Done::Refused;
        }
        if service == Some(Service::Reads) {
            return Done::Again;
        }
        if is_idempotent && known.refused {
            return Done::Refused;
        }
        if is_idempotent && known.effects > 0 {
            return Done::Again;
        }
        known.effects += 1;
        Done::Applied
    }

    fn compensation(&mut self, slot: Slot, act: Act) -> Done {
        let rules = self.rules;
        let known = &mut self.known[slot.index()];
        match act {
            Act::Refuse => return Done::Refused,
            Act::NotDone => return Done::Nothing,
            _ => {}
        }
        if known.effects == 0 && !known.took_back && !rules.accepts_nothing {
            return Done::Refused;
        }
        let is_repeated = std::mem::replace(&mut known.took_back, true);
        let takes_back = if is_repeated { !rules.takes_back_once } else { known.effects > 0 };
        if takes_back {
            known.effects -= 1;
            Done::TookBack
        } else {
            Done::NothingToTakeBack
        }
    }

    /// A person looks at what a service has done, and sees to it that what still travels will not be applied.
    pub(crate) fn look(&mut self, slot: Slot) -> Done {
        self.check(slot, Act::Succeed)
    }

    fn check(&mut self, slot: Slot, act: Act) -> Done {
        let known = &mut self.known[slot.index()];
        if act == Act::Unknown {
            Done::FoundUnknown
        } else if known.effects > 0 {
            Done::FoundEffect
        } else {
            // It promises that what still travels will not be applied.
            known.travelling = 0;
            Done::FoundNothing
        }
    }

    /// Every request that still travels arrives.
    pub(crate) fn deliver_late(&mut self) {
        for slot in self.slots() {
            while self.known[slot.index()].travelling > 0 {
                self.step(slot, Act::Succeed);
            }
        }
    }

    /// The effect of each slot that is in force, as a number of them.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (Slot, i8)> + '_ {
        self.slots().into_iter().map(|slot| (slot, self.known[slot.index()].effects))
    }

    /// Two slots that are called under one key.
    pub(crate) fn shared_key(&self) -> Option<(Slot, Slot)> {
        let key = |slot: &Slot| self.known[slot.index()].key.clone();
        let slots = self.slots();
        slots.iter().enumerate().find_map(|(at, one)| {
            let other = slots[at + 1..].iter().find(|other| key(one).is_some() && key(one) == key(other));
            other.map(|other| (*one, *other))
        })
    }

    fn slots(&self) -> Vec<Slot> {
        slots(self.places)
    }

    fn service(&self, slot: Slot) -> Option<Service> {
        self.places[usize::from(slot.place)].service()
    }
}

/// All slots of a shape that services are called for.
pub(crate) fn slots(places: &[Place]) -> Vec<Slot> {
    let called = places.iter().enumerate().filter(|(_, place)| place.service().is_some());
    let slots = called.flat_map(|(at, place)| {
        let place_at = u8::try_from(at).unwrap_or(u8::MAX);
        place.items().into_iter().map(move |item| Slot { place: place_at, item })
    });
    slots.collect()
}
