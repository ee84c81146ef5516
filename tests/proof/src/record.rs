//! Where a step, or one item of it, stands by its journal: a fold of its own, so that the library's is not the judge of
//! itself.

use sagas::journal::{CheckNext, CompensationNext, Event, Next, ResolutionKind};

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    Pending,
    Skipped,
    Running,
    Waiting,
    Parked,
    InDoubt,
    Void,
    Succeeded,
    Compensating,
    Compensated,
}

/// What the journal says of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) stands: Stands,
    /// The attempt that was announced and has not ended on record.
    pub(crate) open: Option<u32>,
    /// Whether an attempt may have had an effect that nothing on record has settled.
    pub(crate) doubt: bool,
    /// How often it succeeded.
    pub(crate) successes: u32,
    /// The attempts of its compensation that were announced.
    pub(crate) compensations: u32,
    /// The checks that were announced.
    pub(crate) checks: u32,
}

impl Record {
    /// Before anything is said of it.
    pub(crate) const NEW: Self =
        Self { stands: Stands::Pending, open: None, doubt: false, successes: 0, compensations: 0, checks: 0 };

    /// Whether something of it may be in force.
    pub(crate) fn may_be_in_force(&self) -> bool {
        match self.stands {
            Stands::Pending | Stands::Skipped | Stands::Void | Stands::Compensated => false,
            Stands::Waiting => self.doubt,
            // It may be parked before its first attempt, such as where its condition panicked.
            Stands::Parked => {
                self.doubt || self.open.is_some() || self.successes > 0 || self.compensations > 0
            }
            Stands::Running | Stands::InDoubt | Stands::Succeeded | Stands::Compensating => true,
        }
    }

    fn next(&mut self, next: &Next, doubt: bool) {
        self.open = None;
        self.doubt |= doubt;
        self.stands = match next {
            Next::RetryAt(_) | Next::CheckAt(_) => Stands::Waiting,
            Next::Void => Stands::Void,
            Next::InDoubt => Stands::InDoubt,
            Next::Park(_) => Stands::Parked,
        };
        if matches!(next, Next::Void) {
            self.doubt = false;
        }
    }

    /// Adds an event.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::StepSkipped { .. } => self.stands = Stands::Skipped,
            Event::StepStarted { attempt, .. } => {
                self.open = Some(*attempt);
                self.stands = Stands::Running;
            }
            Event::StepSucceeded { .. } => {
                self.open = None;
                self.doubt = false;
                self.successes += 1;
                self.stands = Stands::Succeeded;
            }
            Event::AttemptFailed { fault, next, .. } => {
                self.next(next, fault.kind == sagas::FaultKind::InDoubt);
            }
            Event::AttemptLost { next, .. } => self.next(next, true),
            Event::SignalMissed { next, .. } => self.next(next, false),
            Event::CheckStarted { attempt, .. } => {
                self.checks = *attempt;
                self.stands = Stands::Running;
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
            Event::Resolved { .. } => {
                self.stands = match (self.compensations, self.doubt) {
                    (0, _) => Stands::Waiting,
                    _ => Stands::Compensating,
                };
            }
            _ => {}
        }
    }
}
