//! Where an instance stands by its journal: a fold of its own, so that the library's is not the judge of itself.

use sagas::journal::{Entry, Event, FailureKind, InstanceState};

use crate::crashes::shape::{ITEMS, Kind, Of, Place, Slot};
use crate::record::{Record, Stands};

/// What the journal says of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) started: bool,
    /// How often it was decided to compensate, but for taking back what had completed.
    pub(crate) decided: u32,
    pub(crate) reverted: u32,
    pub(crate) completed: u32,
    pub(crate) compensated: u32,
    pub(crate) resolved: u32,
    /// The row's state, as the last write that said so has it.
    pub(crate) row: Option<InstanceState>,
    pub(crate) last: u64,
}

impl Standing {
    const NEW: Self = Self {
        started: false,
        decided: 0,
        reverted: 0,
        completed: 0,
        compensated: 0,
        resolved: 0,
        row: None,
        last: 0,
    };

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.compensated > 0 || self.completed > self.reverted
    }

    /// Whether it compensates, or has.
    pub(crate) fn goes_back(&self) -> bool {
        self.decided + self.reverted > 0
    }
}

/// What the journals say of an instance and its child.
#[derive(Debug, Clone)]
pub(crate) struct Standings {
    pub(crate) places: &'static [Place],
    /// Of the instance, and of its child.
    pub(crate) instances: [Standing; 2],
    records: Vec<Record>,
    /// How many items a place has by its list, once that is on record.
    listed: Vec<Option<usize>>,
}

/// Which of the two instances `of` is.
pub(crate) const fn which(of: Of) -> usize {
    match of {
        Of::Root => 0,
        Of::Child(_) => 1,
    }
}

impl Standings {
    pub(crate) fn new(places: &'static [Place]) -> Self {
        let records = vec![Record::default(); places.len() * ITEMS];
        Self { places, instances: [Standing::NEW; 2], records, listed: vec![None; places.len()] }
    }

    pub(crate) fn record(&self, slot: Slot) -> &Record {
        &self.records[slot.index()]
    }

    pub(crate) fn place(&self, slot: Slot) -> &'static Place {
        &self.places[usize::from(slot.place)]
    }

    /// Whether the instance has a pivot.
    pub(crate) fn has_pivot(&self) -> bool {
        self.places.iter().any(|place| matches!(place.kind, Kind::Pivot(_)))
    }

    /// The slots of a place.
    pub(crate) fn slots_of(&self, place: usize) -> impl Iterator<Item = Slot> + use<> {
        let at = u8::try_from(place).unwrap_or(u8::MAX);
        let items = self.places[place].items().into_iter().take(self.listed[place].unwrap_or(ITEMS));
        items.map(move |item| Slot { place: at, item })
    }

    /// Whether something of a slot may be in force.
    pub(crate) fn may_be_in_force(&self, slot: Slot) -> bool {
        self.place(slot).kind != Kind::ReadOnly && self.record(slot).may_be_in_force()
    }

    /// Whether a slot is to be called at all, by what is on record.
    pub(crate) fn is_to_run(&self, slot: Slot) -> bool {
        let listed = self.listed[usize::from(slot.place)];
        let is_listed = listed.is_none_or(|listed| usize::from(slot.item.unwrap_or(0)) < listed);
        is_listed && self.record(slot).stands != Stands::Skipped
    }

    /// The state that the instance is in by its journal.
    pub(crate) fn state(&self, instance: usize) -> InstanceState {
        let standing = &self.instances[instance];
        let any = |wanted: &dyn Fn(Slot) -> bool| {
            let places = (0..self.places.len()).filter(|place| which(self.places[*place].of) == instance);
            places.flat_map(|place| self.slots_of(place)).any(wanted)
        };
        if standing.compensated > 0 {
            InstanceState::Compensated
        } else if standing.completed > standing.reverted {
            InstanceState::Completed
        } else if any(&|slot| self.record(slot).stands == Stands::Parked)
            && !any(&|slot| self.goes_on(slot, standing.goes_back()))
        {
            InstanceState::Parked
        } else if standing.goes_back() {
            InstanceState::Compensating
        } else {
            InstanceState::Running
        }
    }

    /// Whether something of a slot is under way, or can be begun.
    fn goes_on(&self, slot: Slot, goes_back: bool) -> bool {
        match self.record(slot).stands {
            Stands::Running | Stands::Checking | Stands::Waiting | Stands::Compensating => true,
            Stands::Succeeded | Stands::InDoubt if goes_back && self.may_be_in_force(slot) => {
                let later = self.descendants(usize::from(slot.place));
                !later.iter().flat_map(|place| self.slots_of(*place)).any(|slot| self.may_be_in_force(slot))
            }
            Stands::Pending
            | Stands::Skipped
            | Stands::Parked
            | Stands::InDoubt
            | Stands::Void
            | Stands::Succeeded
            | Stands::Compensated => false,
        }
    }

    /// The steps that run after a step, near or far, and those after the step that its saga is.
    pub(crate) fn descendants(&self, place: usize) -> Vec<usize> {
        let places = self.places;
        let mut found: Vec<usize> = Vec::new();
        let mut open = vec![place];
        if let Of::Child(step) = places[place].of {
            open.extend(places.iter().position(|place| place.step == step && place.of == Of::Root));
        }
        while let Some(at) = open.pop() {
            let of = &places[at];
            for (next, place) in places.iter().enumerate() {
                if place.of == of.of && place.after.contains(&of.step) && !found.contains(&next) {
                    found.push(next);
                    open.push(next);
                }
            }
        }
        found
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, instance: usize, entry: &Entry) {
        for event in &entry.events {
            self.apply(instance, event);
        }
        self.instances[instance].last = entry.seq.get();
    }

    fn apply(&mut self, instance: usize, event: &Event) {
        let standing = &mut self.instances[instance];
        match event {
            Event::SagaStarted { .. } => standing.started = true,
            Event::CompensationDecided { cause }
                if cause.kind == FailureKind::Reverted && standing.completed > 0 =>
            {
                standing.reverted += 1;
            }
            Event::CompensationDecided { .. } => standing.decided += 1,
            Event::Completed => standing.completed += 1,
            Event::Compensated => standing.compensated += 1,
            Event::Resolved { .. } => standing.resolved += 1,
            _ => {}
        }
        if let Event::CompensationDecided { .. } = event {
            self.stop_waiting(instance);
        }
        let Some(step) = event.step() else { return };
        let of = |of| which(of) == instance;
        let Some(slot) = Slot::find(self.places, of, step.as_str(), event.item()) else { return };
        if let Event::ItemsListed { items, .. } = event {
            self.listed[usize::from(slot.place)] = Some(items.len());
        }
        self.records[slot.index()].apply(event);
    }

    /// What waits when it is decided to compensate is void, or in doubt if an attempt was.
    fn stop_waiting(&mut self, instance: usize) {
        for place in (0..self.places.len()).filter(|place| which(self.places[*place].of) == instance) {
            for slot in self.slots_of(place) {
                let record = &mut self.records[slot.index()];
                if record.stands == Stands::Waiting {
                    record.stands = if record.doubt { Stands::InDoubt } else { Stands::Void };
                }
            }
        }
    }
}
