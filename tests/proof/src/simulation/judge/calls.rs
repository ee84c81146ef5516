//! When something may be called: I1, I9, I10, I11, I16.

use sagas::__private::StepKind;

use super::Judge;
use crate::promise::Promise;
use crate::record::Record;
use crate::simulation::place::{Life, Method, Slot, Who};

impl Judge {
    /// A process begins to call a service; `runs` if it does not stand still.
    ///
    /// A process that does not know yet that others have taken over may call what was announced to it; one that has the
    /// instance is held to everything.
    pub(super) fn calls(&mut self, life: Life, slot: Slot, method: Method, attempt: u32, runs: bool) {
        let Some(epoch) = self.announced.get(&(slot, method, attempt)).copied() else {
            return self.breaks(Promise::I1, || {
                format!("{life}: {method} {slot} #{attempt} ran, and its start is not durable")
            });
        };
        let stay = self.stays.get(&epoch).copied();
        if stay != Some(life) {
            return self.breaks(Promise::I16, || {
                format!("{life}: {method} {slot} #{attempt} ran, which was announced to {stay:?}")
            });
        }
        if self.lost.get(&life).is_some_and(|lost| epoch <= *lost) {
            self.breaks(Promise::I16, || {
                format!(
                    "{life}: {method} {slot} #{attempt} began after it was told that stay {epoch} had ended"
                )
            });
        }
        if runs && self.standing(slot.who).owner == epoch {
            self.calls_its_own(life, slot, method, attempt);
        }
    }

    fn calls_its_own(&mut self, life: Life, slot: Slot, method: Method, attempt: u32) {
        let Slot { who, step, item } = slot;
        if self.standing(who).has_ended() {
            self.breaks(Promise::I9, || format!("{method} {slot} #{attempt} began after {who} had ended"));
        }
        let record = self.standing(who).record((step, item));
        let is_open = match method {
            Method::Step => record.is_open && record.attempts == attempt,
            Method::Check => record.checks == attempt,
            Method::Compensation => record.compensations == attempt,
        };
        if !is_open {
            self.breaks(Promise::I1, || {
                format!("{method} {slot} #{attempt} began, and is not what is announced")
            });
        }
        match method {
            Method::Step => self.step(slot),
            Method::Check => {}
            Method::Compensation => self.compensation(life, slot, record),
        }
    }

    /// I1: the outputs of all predecessors are durable.
    fn step(&mut self, slot: Slot) {
        for before in self.related(slot.who, slot.step, Relation::Before) {
            if !self.standing(slot.who).is_done(before) {
                self.breaks(Promise::I1, || format!("{slot} began before s{before} was done"));
            }
        }
    }

    /// I10: its step is not running. I11: nothing that came later may be in force.
    fn compensation(&mut self, life: Life, slot: Slot, record: Record) {
        let is_under_way = self.under_way.get(&(life, slot)).is_some_and(|calls| *calls > 0);
        if record.is_open || is_under_way {
            self.breaks(Promise::I10, || format!("{slot} was compensated while it was running"));
        }
        if !self.standing(slot.who).goes_back() {
            self.breaks(Promise::I7, || format!("{slot} was compensated before that was decided"));
        }
        let mut of = vec![(slot.who, self.related(slot.who, slot.step, Relation::After))];
        if let Some(step) = slot.who.step {
            let parent = Who::root(slot.who.root);
            of.push((parent, self.related(parent, step, Relation::After)));
        }
        for (who, steps) in of {
            let in_force = steps.into_iter().find(|step| self.standing(who).may_be_in_force(*step));
            if let Some(later) = in_force {
                self.breaks(Promise::I11, || {
                    format!("{slot} was compensated while s{later} of {who} may be in force")
                });
            }
        }
    }

    /// The steps that run directly before a step, or at any time after it.
    fn related(&self, who: Who, step: u8, relation: Relation) -> Vec<u8> {
        let saga = self.journal(who).and_then(|journal| self.family.named(journal.saga.as_deref()?));
        let found = saga.and_then(|saga| {
            let (index, of) = saga.steps().nth(usize::from(step))?;
            Some(match relation {
                Relation::Before => of.after,
                Relation::After => {
                    let descendants = saga.descendants(index).iter();
                    let has_effect = |at| saga.step(at).is_some_and(|step| step.kind != StepKind::ReadOnly);
                    descendants.filter(|at| has_effect(*at)).collect()
                }
            })
        });
        let steps = found.into_iter().flat_map(|set| set.iter().collect::<Vec<_>>());
        steps.filter_map(|at| u8::try_from(at.get()).ok()).collect()
    }
}

/// How steps are related.
#[derive(Clone, Copy)]
enum Relation {
    /// Directly before.
    Before,
    /// After, near or far, and with an effect.
    After,
}
