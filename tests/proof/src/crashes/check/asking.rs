//! What the pure methods of a saga are asked: its answers are on record, and nothing else decides: I4.

use sagas::journal::{Entry, Event};

use super::standing::which;
use super::{Judge, Promise};
use crate::crashes::act::{Act, Method};
use crate::crashes::shape::{ITEMS, Kind, Of, Place, Runs, Slot};

/// What pure methods have answered.
#[derive(Debug)]
pub(super) struct Answers {
    /// What this process was answered last, of each place: what it should be, or otherwise.
    given: Vec<Option<Act>>,
    /// Whether an answer is on record, of each place.
    on_record: Vec<bool>,
}

impl Answers {
    pub(super) fn of(places: &[Place]) -> Self {
        Self { given: vec![None; places.len()], on_record: vec![false; places.len()] }
    }

    /// The process has died.
    pub(super) fn forget(&mut self) {
        self.given.fill(None);
    }
}

impl Judge {
    /// A pure method is asked, unless it is a message that is about to be sent. What gives a child its input has no
    /// answer on record but the child's own.
    pub(super) fn asked(&mut self, slot: Slot, method: Method, act: Act) {
        let place = usize::from(slot.place);
        if method != Method::Ask || self.journals.places[place].kind == Kind::Child {
            return;
        }
        self.answers.given[place] = (act != Act::PanicBefore).then_some(act);
        if self.answers.on_record[place] {
            let name = self.name(slot, method);
            self.breaks(Promise::I4, || format!("{name} was asked, and its answer is on record"));
        }
    }

    /// An entry may hold an answer.
    pub(super) fn answered(&mut self, instance: usize, entry: &Entry) {
        for event in &entry.events {
            let is_of = |of: Of| which(of) == instance;
            let slot =
                event.step().and_then(|step| Slot::find(self.journals.places, is_of, step.as_str(), None));
            let Some(slot) = slot else { continue };
            let place = usize::from(slot.place);
            let given = self.answers.given[place];
            let is_otherwise = given == Some(Act::Otherwise);
            let holds = (self.journals.places[place].runs != Runs::Never) != is_otherwise;
            let is_true = match event {
                Event::StepSkipped { .. } => !holds,
                Event::ConditionHeld { .. } => holds,
                Event::ItemsListed { items, .. } => items.len() == ITEMS - usize::from(is_otherwise),
                _ => continue,
            };
            self.answers.on_record[place] = true;
            if given.is_none() || !is_true {
                let name = self.name(slot, Method::Ask);
                self.breaks(Promise::I4, || format!("{} is not what {name} answered", event.name()));
            }
        }
    }
}
