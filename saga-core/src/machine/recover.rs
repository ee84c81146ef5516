//! Recovery: what was running when the process died is lost. The decisions on record stand.

use super::error::Illegal;
use super::loss;
use super::status::Method;
use super::turn::Turn;
use crate::id::StepIndex;
use crate::journal::Event;

impl Turn<'_> {
    /// Takes down the loss of everything that is under way.
    pub(super) fn recover(&mut self) -> Result<(), Illegal> {
        for index in self.indexes() {
            let running = self.step(index).and_then(|step| step.record.status.running());
            if let Some(method) = running {
                self.lose(index, method)?;
            }
        }
        Ok(())
    }

    fn lose(&mut self, index: StepIndex, method: Method) -> Result<(), Illegal> {
        let Some(step) = self.step(index) else { return Ok(()) };
        let name = step.of.name.clone();
        let attempt = step.record.tries(method).made;
        let fault = loss::fault();
        match method {
            Method::Attempt => {
                let next = self.after_failure(step, &fault);
                let cause = self.cause(step, &next, &fault);
                self.record(Event::AttemptLost { step: name, attempt, next })?;
                self.turn_around(cause)
            }
            Method::Check => {
                let next = self.after_failed_check(step, Some(&fault));
                self.record(Event::CheckFailed { step: name, attempt, fault: Some(fault), next })
            }
            Method::Compensation => {
                let next = self.after_failed_compensation(step, &fault);
                self.record(Event::CompensationFailed { step: name, attempt, fault, next })
            }
        }
    }
}
