//! Messages from outside that a step waits for.

use super::decide::Machine;
use super::error::{Illegal, Unexpected};
use super::state::{Phase, UnitIndex};
use super::status::{Preparation, StepStatus};
use super::turn::Turn;
use crate::id::StepIndex;
use crate::journal::{Cause, Event, FailureKind, Next, ParkReason, Payload};

/// The word for a message that did not come, where an error has its code.
const CODE: &str = "signal_timeout";

/// What is said of a message that did not come.
pub(super) const MISSED: &str = "no signal came in time";

impl Machine {
    /// Whether a step waits for its message.
    pub fn waits_for_signal(&self) -> bool {
        self.state()
            .steps
            .iter()
            .any(|step| matches!(step.own.status, StepStatus::Preparing(Preparation::Awaiting { .. })))
    }
}

impl Turn<'_> {
    /// A message came. The first one counts if the step may yet need it.
    pub(super) fn signal(
        &mut self,
        index: StepIndex,
        id: String,
        payload: Payload,
    ) -> Result<(), Unexpected> {
        let step = self.step(index).ok_or(Unexpected::NoStep { index: index.get() })?;
        let name = step.of.name.clone();
        if step.of.signal.is_none() {
            return Err(Unexpected::NoSignal { step: name });
        }
        let is_needed =
            !step.record.received && step.record.own.status.is_ahead() && self.state.phase == Phase::Running;
        if is_needed {
            self.record(Event::SignalReceived { step: name, id, payload })?;
        }
        Ok(())
    }

    /// The message of the step at `index` did not come in time. That is a refusal.
    pub(super) fn miss_signal(&mut self, index: StepIndex) -> Result<(), Illegal> {
        let Some(unit) = self.unit(UnitIndex { step: index, item: None }) else { return Ok(()) };
        let step = unit.of.name.clone();
        if self.definition.is_after_pivot(index) {
            return self.record(Event::SignalMissed { step, next: Next::Park(ParkReason::Refused) });
        }
        let cause = Cause {
            step: Some(step.clone()),
            item: None,
            kind: FailureKind::Rejected,
            code: Some(CODE.to_owned()),
            message: MISSED.to_owned(),
            attempts: unit.record.attempts.made,
            who: None,
        };
        self.record(Event::SignalMissed { step, next: Next::Void })?;
        self.record(Event::CompensationDecided { cause })
    }
}
