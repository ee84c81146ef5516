//! Parking from outside, and how what is parked goes on.

use super::error::Unexpected;
use super::turn::Turn;
use crate::id::StepIndex;
use crate::journal::{Event, ParkReason, ResolutionKind};

impl Turn<'_> {
    /// Parks the instance at a step for a reason that is no attempt's. Nothing starts until it is resolved.
    pub(super) fn park(
        &mut self,
        index: StepIndex,
        reason: ParkReason,
        message: String,
    ) -> Result<(), Unexpected> {
        if self.state.phase.is_terminal() {
            return Err(Unexpected::Ended);
        }
        let step = self.step(index).ok_or(Unexpected::NoStep { index: index.get() })?;
        let stands = step.record.block.as_ref();
        if stands.is_some_and(|block| block.reason == reason && block.message == message) {
            return Ok(());
        }
        let event = Event::Parked { step: step.of.name.clone(), reason, message };
        Ok(self.record(event)?)
    }

    /// Whatever is parked is tried again, with a new budget.
    pub(super) fn retry(&mut self, who: &str, note: &str) -> Result<(), Unexpected> {
        if self.state.phase.is_terminal() {
            return Err(Unexpected::Ended);
        }
        if !self.state.has_parked() {
            return Err(Unexpected::NotParked);
        }
        for index in self.indexes() {
            let Some(step) = self.step(index).filter(|step| step.record.is_parked()) else { continue };
            let event = Event::Resolved {
                step: step.of.name.clone(),
                how: ResolutionKind::Retry,
                who: who.to_owned(),
                note: note.to_owned(),
            };
            self.record(event)?;
        }
        Ok(())
    }
}
