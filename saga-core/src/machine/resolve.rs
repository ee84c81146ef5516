//! Parking from outside, and how what is parked goes on.

use super::error::{Illegal, Unexpected};
use super::input::{Decision, Target};
use super::state::{Phase, Unit, UnitIndex};
use super::turn::Turn;
use crate::definition::StepKind;
use crate::journal::{Cause, Event, FailureKind, ParkReason, ResolutionKind};

/// So many parked steps are named in the text of an error. A step that fans out may have ten thousand of them.
const NAMED_MAX: usize = 10;

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
    ///
    /// # Errors
    /// [`Unexpected::NotParked`] if nothing is, [`Unexpected::NotApplicable`] if it cannot go on like that,
    /// [`Unexpected::NoStep`], [`Unexpected::NoItem`]. Nothing has changed then.
    pub(super) fn resolve(
        &mut self,
        target: Target,
        decision: Decision,
        who: &str,
        note: &str,
    ) -> Result<(), Unexpected> {
        if !self.state.has_parked() {
            return Err(Unexpected::NotParked);
        }
        let how = decision.kind();
        let events = self.targets(target, how)?.into_iter().map(|at| {
            let unit = self.named(at)?;
            let (step, item) = (unit.of.name.clone(), at.item);
            let event = Event::Resolved { step, item, how, who: who.to_owned(), note: note.to_owned() };
            if self.state.allows(self.definition, &event, self.now) {
                Ok((at, event))
            } else {
                Err(Unexpected::NotApplicable { why: self.why_not(unit, how) })
            }
        });
        for (at, event) in events.collect::<Result<Vec<_>, Unexpected>>()? {
            self.record(event)?;
            self.follow(at, &decision, note)?;
        }
        Ok(())
    }

    /// Takes down what follows from a decision beside the decision itself.
    fn follow(&mut self, at: UnitIndex, decision: &Decision, note: &str) -> Result<(), Illegal> {
        let Some(unit) = self.unit(at) else { return Ok(()) };
        match decision {
            Decision::Retry | Decision::Skip => Ok(()),
            Decision::Succeeded(output) => {
                let (step, item) = (unit.of.name.clone(), at.item);
                self.record(Event::StepSucceeded { step, item, output: output.clone() })
            }
            Decision::Void if self.state.phase == Phase::Running && unit.of.kind != StepKind::Retriable => {
                let cause = Cause {
                    step: Some(unit.of.name.clone()),
                    item: at.item,
                    kind: FailureKind::NotDone,
                    code: None,
                    message: note.to_owned(),
                    attempts: unit.record.attempts.made,
                    who: None,
                };
                self.record(Event::CompensationDecided { cause })
            }
            Decision::Void => Ok(()),
        }
    }

    /// What a decision is about.
    fn targets(&self, target: Target, how: ResolutionKind) -> Result<Vec<UnitIndex>, Unexpected> {
        let all = || self.state.steps(self.definition).flat_map(|step| step.parked());
        match target {
            Target::One { step, item } => {
                let unit = self.named(UnitIndex { step, item })?;
                if unit.record.is_parked() {
                    return Ok(vec![unit.at]);
                }
                let why = format!("step {unit} is not parked, but {}", names(all()));
                Err(Unexpected::NotApplicable { why })
            }
            Target::All => match how {
                ResolutionKind::Retry | ResolutionKind::Skip => Ok(all().map(|unit| unit.at).collect()),
                ResolutionKind::Succeeded | ResolutionKind::Void if all().nth(1).is_some() => {
                    let why = format!("several steps are parked ({}): name one", names(all()));
                    Err(Unexpected::NotApplicable { why })
                }
                ResolutionKind::Succeeded | ResolutionKind::Void => Ok(all().map(|unit| unit.at).collect()),
            },
        }
    }

    /// Why `unit`, which is parked, cannot go on like that, and how it can.
    fn why_not(&self, unit: Unit<'_>, how: ResolutionKind) -> String {
        let compensating = self.state.phase == Phase::Compensating;
        let block = unit.record.block.as_ref().map(|block| block.reason);
        if how == ResolutionKind::Skip && !compensating {
            return format!(
                "step {unit} is not being compensated, and only that can be skipped: retry it, or cancel the \
                 instance"
            );
        }
        if unit.of.child.is_some() && unit.record.status.running().is_some() {
            return format!("step {unit} is an instance of its own: resolve that");
        }
        if unit.record.status.running().is_some() {
            return format!("an attempt of step {unit} is under way: wait until it has ended");
        }
        match block {
            Some(reason) if reason != ParkReason::InDoubt => {
                format!("step {unit} is parked ({reason}): put that right, then retry it")
            }
            Some(_) | None if compensating => {
                format!("step {unit} is not in doubt: retry its compensation, or skip it")
            }
            Some(_) | None => format!("step {unit} is not in doubt: retry it, or cancel the instance"),
        }
    }
}

impl Decision {
    /// What the journal says of it.
    const fn kind(&self) -> ResolutionKind {
        match self {
            Self::Retry => ResolutionKind::Retry,
            Self::Skip => ResolutionKind::Skip,
            Self::Succeeded(_) => ResolutionKind::Succeeded,
            Self::Void => ResolutionKind::Void,
        }
    }
}

/// The names of `units`, or of the first of them.
fn names<'a>(mut units: impl Iterator<Item = Unit<'a>>) -> String {
    let named: Vec<String> = units.by_ref().take(NAMED_MAX).map(|unit| unit.to_string()).collect();
    let more = units.count();
    let named = named.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}
