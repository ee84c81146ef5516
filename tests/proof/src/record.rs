//! Where a step, or one item of it, stands by the journal: a fold of its own, so that the library's is not the judge of
//! itself.

use sagas::FaultKind;
use sagas::journal::{CheckNext, CompensationNext, Event, Next, ResolutionKind};

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Stands {
    #[default]
    Pending,
    Skipped,
    Running,
    Checking,
    Waiting,
    Parked,
    InDoubt,
    Void,
    Succeeded,
    Compensating,
    Compensated,
}

/// What the journal says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Record {
    pub(crate) stands: Stands,
    /// Whether an attempt was announced that has not ended on record.
    pub(crate) is_open: bool,
    /// Whether an attempt may have had an effect that nothing on record has settled.
    pub(crate) doubt: bool,
    /// How often it succeeded.
    pub(crate) successes: u8,
    /// The last attempt of it that was announced.
    pub(crate) attempts: u32,
    /// The last attempt of its check that was announced.
    pub(crate) checks: u32,
    /// The last attempt of its compensation that was announced.
    pub(crate) compensations: u32,
}

impl Record {
    /// Whether something of it may be in force.
    pub(crate) fn may_be_in_force(&self) -> bool {
        match self.stands {
            Stands::Pending | Stands::Skipped | Stands::Void | Stands::Compensated => false,
            Stands::Waiting => self.doubt,
            // It may be parked before its first attempt, such as where its condition panicked.
            Stands::Parked => self.doubt || self.is_open || self.successes > 0 || self.compensations > 0,
            Stands::Running
            | Stands::Checking
            | Stands::InDoubt
            | Stands::Succeeded
            | Stands::Compensating => true,
        }
    }

    fn next(&mut self, next: &Next, doubt: bool) {
        self.is_open = false;
        self.doubt |= doubt;
        self.stands = match next {
            Next::RetryAt(_) | Next::CheckAt(_) => Stands::Waiting,
            Next::Void => Stands::Void,
            Next::InDoubt => Stands::InDoubt,
            Next::Park(_) => Stands::Parked,
        };
        self.doubt &= self.stands != Stands::Void;
    }

    /// Adds an event.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::StepSkipped { .. } => self.stands = Stands::Skipped,
            Event::StepStarted { attempt, .. } => {
                self.is_open = true;
                self.attempts = *attempt;
                self.stands = Stands::Running;
            }
            Event::StepSucceeded { .. } => {
                self.is_open = false;
                self.doubt = false;
                self.successes += 1;
                self.stands = Stands::Succeeded;
            }
            Event::AttemptFailed { fault, next, .. } => {
                self.next(next, fault.kind == FaultKind::InDoubt);
            }
            Event::AttemptLost { next, .. } => self.next(next, true),
            Event::SignalMissed { next, .. } => self.next(next, false),
            Event::CheckStarted { attempt, .. } => {
                self.checks = *attempt;
                self.stands = Stands::Checking;
            }
            Event::CheckedVoid { next, .. } => {
                self.doubt = false;
                self.next(next, false);
            }
            Event::CheckFailed { next, .. } => {
                self.stands = match next {
                    CheckNext::CheckAt(_) => Stands::Waiting,
                    CheckNext::InDoubt => Stands::InDoubt,
                    CheckNext::Park(_) => Stands::Parked,
                };
            }
            Event::CompensationStarted { attempt, .. } => {
                self.compensations = *attempt;
                self.stands = Stands::Compensating;
            }
            Event::CompensationSucceeded { .. } => self.stands = Stands::Compensated,
            Event::CompensationFailed { next, .. } => {
                self.stands = match next {
                    CompensationNext::RetryAt(_) => Stands::Compensating,
                    CompensationNext::Park(_) => Stands::Parked,
                };
            }
            Event::Parked { .. } => self.stands = Stands::Parked,
            Event::Resolved { how: ResolutionKind::Void, .. } => {
                self.doubt = false;
                self.stands = Stands::Void;
            }
            Event::Resolved { how: ResolutionKind::Skip, .. } => self.stands = Stands::Compensated,
            Event::Resolved { .. } if self.compensations > 0 => self.stands = Stands::Compensating,
            Event::Resolved { .. } => self.stands = Stands::Waiting,
            _ => {}
        }
    }
}
