//! What must be true at the end: I3, I8, I12, I14, I18, I19.

use sagas::__private::StepKind;
use sagas::journal::InstanceState;

use super::Judge;
use crate::promise::Promise;
use crate::record::Stands;
use crate::simulation::place::{Slot, Who};

/// What a run ended with.
#[derive(Debug, Clone)]
pub(crate) struct Final {
    /// How often the effect of each slot is in force.
    pub(crate) effects: Vec<(Slot, i32)>,
    /// What the store holds.
    pub(crate) kept: Vec<Kept>,
    /// How many requests are still travelling.
    pub(crate) travelling: u64,
    /// The instance whose services never answer, if there is one.
    pub(crate) bad: Option<u8>,
}

/// What the store holds of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) who: Who,
    /// The state of its row.
    pub(crate) state: InstanceState,
    /// The bytes of its entries.
    pub(crate) entries: Vec<u64>,
    /// Its signals.
    pub(crate) signals: Vec<String>,
}

impl Judge {
    /// The run is at its end.
    pub(crate) fn end(&mut self, end: &Final) {
        if end.travelling > 0 {
            self.breaks(Promise::I19, || {
                format!("{} requests still travel: the simulation is wrong", end.travelling)
            });
        }
        for who in self.started() {
            self.kept(who, end.kept.iter().find(|kept| kept.who == who));
            self.in_time_to_the_end(who);
            match self.ending(who) {
                None if end.bad == Some(who.root) => {}
                None => {
                    let promise = if end.bad.is_some() { Promise::I18 } else { Promise::I19 };
                    self.breaks(promise, || format!("{who} does not come to an end"));
                }
                Some(state) => self.ended(who, state, &end.effects),
            }
        }
        for (slot, effects) in &end.effects {
            if *effects != 0 && self.journal(slot.who).is_none() {
                self.breaks(Promise::I1, || {
                    format!("{slot} has effects, and its instance was never started")
                });
            }
        }
    }

    /// I3: the store holds everything that it acknowledged, and nothing else (I15). I4: the row is that of the journal.
    fn kept(&mut self, who: Who, kept: Option<&Kept>) {
        let Some(kept) = kept else {
            return self.breaks(Promise::I3, || format!("{who} is gone"));
        };
        let (wrote, there) = (self.standing(who).bytes.clone(), &kept.entries);
        if *there != wrote {
            let promise = if there.len() > wrote.len() { Promise::I15 } else { Promise::I3 };
            self.breaks(promise, || {
                format!(
                    "of {} entries of {who} that were acknowledged {} are there",
                    wrote.len(),
                    there.len()
                )
            });
        }
        let lost = self.standing(who).signals.iter().find(|id| !kept.signals.contains(id)).cloned();
        if let Some(id) = lost {
            self.breaks(Promise::I3, || {
                format!("the signal {id} of {who}, which was acknowledged, is not there")
            });
        }
        let ending = self.ending(who);
        if kept.state.is_terminal() != ending.is_some() || ending.is_some_and(|ending| ending != kept.state) {
            let row = kept.state;
            self.breaks(Promise::I4, || format!("the row of {who} says {row}, and the journal {ending:?}"));
        }
    }

    fn ended(&mut self, who: Who, state: InstanceState, effects: &[(Slot, i32)]) {
        if state == InstanceState::Completed && self.told_cancelled.contains(&who) {
            self.breaks(Promise::I14, || format!("{who} completed after it was cancelled"));
        }
        self.child(who, state);
        for (slot, effects) in effects.iter().filter(|(slot, _)| slot.who == who) {
            self.effects(*slot, *effects, state);
        }
        if state == InstanceState::Completed {
            self.missing(who, effects);
        }
    }

    /// I8: a child has ended as its parent wants it.
    fn child(&mut self, who: Who, state: InstanceState) {
        let Some(step) = who.step else { return };
        let parent = Who::root(who.root);
        let wanted = self.ending(parent);
        let succeeded = self.standing(parent).record((step, None)).stands == Stands::Succeeded;
        let is_right = match wanted {
            Some(InstanceState::Compensated) => state == InstanceState::Compensated,
            // One that has taken itself back after the pivot is done by a person, by hand.
            Some(InstanceState::Completed) => {
                succeeded && (state == InstanceState::Completed || self.standing(parent).resolved > 0)
            }
            _ => true,
        };
        if !is_right {
            self.breaks(Promise::I8, || format!("{who} is {state}, and its parent {wanted:?}"));
        }
    }

    /// I8: compensated is a net effect of zero, completed is each effect once.
    fn effects(&mut self, slot: Slot, effects: i32, state: InstanceState) {
        let Slot { who, step, item } = slot;
        let Some((kind, may_be_twice)) = self.kind(slot) else { return };
        if kind == StepKind::ReadOnly {
            return;
        }
        let record = self.standing(who).record((step, item));
        let is_skipped = self.standing(who).skipped.contains(&(step, item));
        let wanted = match state {
            InstanceState::Completed => i32::from(record.stands == Stands::Succeeded),
            _ => 0,
        };
        // It was called again after somebody had found that it was not done, while what a worker that stood still had
        // yet to send was on nobody's list.
        let is_twice = may_be_twice && wanted == 1 && effects > 1;
        if effects != wanted && !is_skipped && !is_twice {
            let is_forward = matches!(kind, StepKind::Pivot | StepKind::Retriable);
            let promise = if is_forward && wanted == 0 { Promise::I12 } else { Promise::I8 };
            self.breaks(promise, || {
                format!("{who} is {state}, and {effects} effects of {slot} are in force")
            });
        }
    }

    /// I8: each step that succeeded has had its effect.
    fn missing(&mut self, who: Who, effects: &[(Slot, i32)]) {
        let succeeded = self.standing(who).records.iter();
        let succeeded = succeeded.filter(|(_, record)| record.stands == Stands::Succeeded);
        let slots: Vec<_> =
            succeeded.map(|((step, item), _)| Slot { who, step: *step, item: *item }).collect();
        for slot in slots {
            let has_effect = self.kind(slot).is_some_and(|(kind, _)| kind != StepKind::ReadOnly);
            let is_known = effects.iter().any(|(known, _)| *known == slot);
            if has_effect && !is_known {
                self.breaks(Promise::I8, || format!("{slot} succeeded, and its service never had a request"));
            }
        }
    }

    /// The kind of a step that calls a service, and whether it can have its effect twice: it is called again after a
    /// check, and its service does not know its keys.
    fn kind(&self, slot: Slot) -> Option<(StepKind, bool)> {
        let saga = self.family.named(self.journal(slot.who)?.saga.as_deref()?)?;
        let (_, step) = saga.steps().nth(usize::from(slot.step))?;
        let is_called = step.child.is_none();
        is_called.then_some((step.kind, step.kind == StepKind::Retriable && !step.idempotent))
    }
}
