//! Decisions that no step makes: the instance is cancelled or reverted, or its deadline passes.

use super::clock::Clock;
use super::error::{Illegal, Unexpected};
use super::state::{Phase, State};
use super::turn::Turn;
use crate::definition::Definition;
use crate::journal::{Cause, Event, FailureKind};
use crate::time::Timestamp;

impl Turn<'_> {
    /// Somebody wants the instance taken back.
    pub(super) fn cancel(
        &mut self,
        kind: FailureKind,
        who: Option<String>,
        message: String,
    ) -> Result<(), Unexpected> {
        match kind {
            FailureKind::Reverted => self.may_revert()?,
            FailureKind::Cancelled
            | FailureKind::Deadline
            | FailureKind::Rejected
            | FailureKind::NotDone
            | FailureKind::InDoubt => self.may_cancel()?,
        }
        if self.state.phase != Phase::Compensating {
            self.decide_without_step(kind, who, message)?;
        }
        Ok(())
    }

    /// Compensates if the deadline has passed, unless it is too late for that or everything is done.
    pub(super) fn watch_deadline(&mut self) -> Result<(), Illegal> {
        let passed =
            self.state.cutting_deadline(self.definition, self.clock()).is_some_and(|at| at <= self.now);
        if passed && !self.state.all_done() {
            self.decide_without_step(FailureKind::Deadline, None, "the deadline has passed".to_owned())?;
        }
        Ok(())
    }

    fn may_cancel(&self) -> Result<(), Unexpected> {
        match self.state.phase {
            Phase::Running if self.state.is_past_pivot(self.definition) => Err(Unexpected::PastPivot),
            Phase::Running | Phase::Compensating => Ok(()),
            Phase::Completed | Phase::Compensated => Err(Unexpected::Ended),
        }
    }

    fn may_revert(&self) -> Result<(), Unexpected> {
        let is_reverted = self.state.cause.as_ref().is_some_and(|cause| cause.kind == FailureKind::Reverted);
        match self.state.phase {
            Phase::Completed if !self.state.is_past_pivot(self.definition) => Ok(()),
            Phase::Compensating if is_reverted => Ok(()),
            Phase::Running | Phase::Compensating | Phase::Completed | Phase::Compensated => {
                Err(Unexpected::NotRevertible)
            }
        }
    }

    fn decide_without_step(
        &mut self,
        kind: FailureKind,
        who: Option<String>,
        message: String,
    ) -> Result<(), Illegal> {
        let cause = Cause { step: None, item: None, kind, code: None, message, attempts: 0, who };
        self.record(Event::CompensationDecided { cause })
    }
}

impl State {
    /// When the deadline is, if the saga has one.
    fn deadline(&self, definition: &Definition, clock: Clock) -> Option<Timestamp> {
        let until = self.started_at.at.plus(definition.deadline_after()?);
        Some(clock.due(self.started_at, until))
    }

    /// The same, if the instance can still be turned around by it.
    pub(super) fn cutting_deadline(&self, definition: &Definition, clock: Clock) -> Option<Timestamp> {
        let can_cut = self.phase == Phase::Running && !self.is_past_pivot(definition);
        self.deadline(definition, clock).filter(|_| can_cut)
    }

    /// The same, if it is too late for that and all it can do is to tell that a person should look.
    pub(super) fn telling_deadline(&self, definition: &Definition, clock: Clock) -> Option<Timestamp> {
        let can_tell = self.phase == Phase::Running && self.is_past_pivot(definition);
        self.deadline(definition, clock).filter(|_| can_tell)
    }
}
