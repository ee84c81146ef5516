//! Parking from outside, and how what is parked goes on.

use super::error::Unexpected;
use super::input::{Decision, Target};
use super::state::UnitIndex;
use super::turn::Turn;
use crate::id::StepIndex;
use crate::journal::{Event, ParkReason, ResolutionKind};

impl Turn<'_> {
    /// Parks the instance at a step or item for a reason that is no attempt's. Nothing starts until it is
    /// resolved.
    pub(super) fn park(
        &mut self,
        at: UnitIndex,
        reason: ParkReason,
        message: String,
    ) -> Result<(), Unexpected> {
        if self.state.phase.is_terminal() {
            return Err(Unexpected::Ended);
        }
        let unit = self.named(at)?;
        let stands = unit.record.block.as_ref();
        if stands.is_some_and(|block| block.reason == reason && block.message == message) {
            return Ok(());
        }
        let event = Event::Parked { step: unit.of.name.clone(), item: at.item, reason, message };
        Ok(self.record(event)?)
    }

    /// Somebody decided how what is parked goes on.
    pub(super) fn resolve(
        &mut self,
        target: Target,
        decision: Decision,
        who: &str,
        note: &str,
    ) -> Result<(), Unexpected> {
        if target != Target::All || decision != Decision::Retry {
            return Err(Unexpected::NotApplicable {
                why: "everything that is parked can be tried again".to_owned(),
            });
        }
        if !self.state.has_parked() {
            return Err(Unexpected::NotParked);
        }
        for index in self.indexes() {
            for item in self.parked(index) {
                let Some(step) = self.step(index) else { continue };
                let event = Event::Resolved {
                    step: step.of.name.clone(),
                    item,
                    how: ResolutionKind::Retry,
                    who: who.to_owned(),
                    note: note.to_owned(),
                };
                self.record(event)?;
            }
        }
        Ok(())
    }

    /// What of the step at `index` is parked: the step itself, and items of it.
    fn parked(&self, index: StepIndex) -> Vec<Option<u32>> {
        let Some(step) = self.step(index) else { return Vec::new() };
        let own = step.record.own.is_parked().then_some(None);
        let items = step.record.items.iter().flat_map(|items| items.parked());
        own.into_iter().chain(items.map(Some)).collect()
    }
}
