//! Recovery: what was running when the process died is lost. The decisions on record stand.

use super::error::Illegal;
use super::loss;
use super::state::{Phase, Unit, UnitIndex};
use super::status::Method;
use super::turn::Turn;
use crate::id::StepIndex;
use crate::journal::{Event, Loss};

impl Turn<'_> {
    /// Takes down the loss of everything that was under way in the process that died.
    pub(super) fn recover(&mut self, loss: Loss) -> Result<(), Illegal> {
        for index in self.indexes() {
            for (at, method) in self.running(index) {
                self.lose(at, method, loss)?;
            }
        }
        Ok(())
    }

    /// What is under way of the step at `index`. A child is an instance of its own, and has its own recovery.
    fn running(&self, index: StepIndex) -> Vec<(UnitIndex, Method)> {
        let Some(step) = self.step(index).filter(|step| step.is_running()) else { return Vec::new() };
        let own = (None, &step.record.own);
        let items = step.record.items.iter().flat_map(|items| items.iter());
        std::iter::once(own)
            .chain(items.map(|(item, record)| (Some(item), record)))
            .filter_map(|(item, record)| Some((UnitIndex { step: index, item }, record.status.running()?)))
            .collect()
    }

    fn lose(&mut self, at: UnitIndex, method: Method, loss: Loss) -> Result<(), Illegal> {
        let Some(unit) = self.unit(at) else { return Ok(()) };
        let (step, item) = (unit.of.name.clone(), at.item);
        // What follows is decided as if the loss were counted already.
        let mut record = unit.record.clone();
        record.tries_mut(method).lose(loss);
        let unit = Unit { record: &record, ..unit };
        let attempt = record.tries(method).made;
        let loops = loss::loops(record.tries(method));
        let (fault, lost) = (loss::fault(), Some(loss));
        match method {
            Method::Attempt => {
                let next = self.after_failure(unit, &fault);
                let is_called_again =
                    self.state.phase == Phase::Running || unit.of.compensation_needs_output();
                let next = if loops && is_called_again { loss::stop(next) } else { next };
                let cause = self.cause(unit, &next, &fault);
                self.record(Event::AttemptLost { step, item, attempt, loss, next })?;
                self.turn_around(cause)
            }
            Method::Check => {
                let next = self.after_failed_check(unit, Some(&fault));
                let next = if loops { loss::stop_check(next) } else { next };
                self.record(Event::CheckFailed { step, item, attempt, fault: Some(fault), lost, next })
            }
            Method::Compensation => {
                let next = self.after_failed_compensation(unit, &fault);
                let next = if loops { loss::STOP_COMPENSATION } else { next };
                self.record(Event::CompensationFailed { step, item, attempt, fault, lost, next })
            }
        }
    }
}
