//! The fold of the journal: the only thing that changes a state. It reads the definition's shape and no policy,
//! so changing a policy never changes what a journal means.

mod record;

use super::error::Illegal;
use super::items::Items;
use super::record::{Moment, Record};
use super::state::{Phase, State, StepRecord, UnitIndex};
use super::status::StepStatus;
use super::table::{Facts, next_status};
use crate::definition::{Definition, StepDefinition};
use crate::id::StepIndex;
use crate::journal::{Event, FailureKind};
use crate::time::Timestamp;

impl State {
    /// Applies `event`, which happened at `at`.
    ///
    /// # Errors
    /// [`Illegal`] if it cannot have happened in this state, which stays as it was.
    pub(super) fn apply(
        &mut self,
        definition: &Definition,
        event: &Event,
        at: Timestamp,
    ) -> Result<(), Illegal> {
        let moment = self.moment(at);
        let applied = match event.step() {
            _ if !self.may_happen(event) => None,
            Some(name) => definition
                .index_of(name)
                .and_then(|index| self.apply_to_step(definition, index, event, moment)),
            None => self.apply_to_all(definition, event, moment),
        };
        applied.ok_or_else(|| Illegal::new(event))?;
        self.latest = if moment.went_back == self.last.went_back { self.latest.max(at) } else { at };
        self.last = moment;
        let shown = self.look(definition);
        if self.shown != shown {
            self.shown = shown;
            self.since = at;
        }
        Ok(())
    }

    /// Whether `event` may happen as far as the instance has come: nothing follows its end but that it is
    /// reverted.
    fn may_happen(&self, event: &Event) -> bool {
        let reverts =
            matches!(event, Event::CompensationDecided { cause } if cause.kind == FailureKind::Reverted);
        match self.phase {
            Phase::Running | Phase::Compensating => !reverts,
            Phase::Completed => reverts,
            Phase::Compensated => false,
        }
    }

    /// Applies an event of one step, or of one item of it.
    fn apply_to_step(
        &mut self,
        definition: &Definition,
        index: StepIndex,
        event: &Event,
        moment: Moment,
    ) -> Option<()> {
        let at = moment.at;
        self.check_order(definition, index, event)?;
        let compensating = self.phase == Phase::Compensating;
        let of = definition.step(index)?;
        let step = self.steps.get_mut(index.get())?;
        let listed = match event {
            Event::ItemsListed { items, .. } => {
                let count = u32::try_from(items.len()).ok()?;
                Some(Box::new(Items::new(count, of, moment)))
            }
            _ => None,
        };
        match event.item() {
            None => {
                let facts = step.facts(of, compensating, at);
                step.own.apply(facts, of, event, moment)?;
            }
            Some(item) => step.items.as_mut()?.change(item, of, |record| {
                let facts = record.facts(of, compensating, at);
                record.apply(facts, of, event, moment)
            })?,
        }
        step.received |= matches!(event, Event::SignalReceived { .. });
        step.items = listed.or(step.items.take());
        Some(())
    }

    /// Applies an event of the instance as a whole: it is legal if it is so at each step, and each item.
    fn apply_to_all(&mut self, definition: &Definition, event: &Event, moment: Moment) -> Option<()> {
        let at = moment.at;
        let compensating = self.phase == Phase::Compensating;
        let next: Vec<StepStatus> = self
            .steps(definition)
            .map(|step| {
                let items = step.record.items.iter().flat_map(|items| items.iter());
                for (_, item) in items {
                    next_status(item.status, item.facts(step.of, compensating, at), event)?;
                }
                next_status(step.record.own.status, step.record.facts(step.of, compensating, at), event)
            })
            .collect::<Option<_>>()?;
        match event {
            Event::CompensationDecided { cause } => {
                self.cause = Some(cause.clone());
                self.turn_around(definition, &next, event, moment);
            }
            Event::Completed => self.phase = Phase::Completed,
            Event::Compensated => self.phase = Phase::Compensated,
            Event::SagaStarted { .. }
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalReceived { .. }
            | Event::SignalMissed { .. }
            | Event::ItemsListed { .. }
            | Event::StepStarted { .. }
            | Event::StepSucceeded { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckStarted { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationStarted { .. }
            | Event::CompensationSucceeded { .. }
            | Event::CompensationFailed { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. } => return None,
        }
        Some(())
    }

    /// From here on the instance compensates. This is what one event concerns all steps and items with.
    fn turn_around(&mut self, definition: &Definition, next: &[StepStatus], event: &Event, moment: Moment) {
        self.phase = Phase::Compensating;
        for ((step, (_, of)), status) in self.steps.iter_mut().zip(definition.steps()).zip(next) {
            step.own.turn_around(*status, moment);
            let Some(items) = &mut step.items else { continue };
            items.change_all(of, |record| {
                let status = next_status(record.status, record.facts(of, false, moment.at), event);
                record.turn_around(status.unwrap_or(record.status), moment);
            });
        }
    }

    /// Whether what happens here may happen as far as the other steps and items are concerned.
    fn check_order(&self, definition: &Definition, index: StepIndex, event: &Event) -> Option<()> {
        let step = self.step(definition, index)?;
        let goes_forward = || step.of.after.is_subset(self.done(definition)) && !self.has_parked();
        let in_order = match event {
            Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalMissed { .. }
            | Event::ItemsListed { .. } => goes_forward(),
            Event::StepStarted { item, .. } => {
                let unit = self.unit(definition, UnitIndex { step: index, item: *item })?;
                // Items begin in order.
                let next = || step.record.items.as_ref().and_then(|items| items.next());
                if unit.record.status.is_ahead() {
                    goes_forward() && (item.is_none() || *item == next())
                } else {
                    !self.is_blocked()
                }
            }
            Event::CompensationStarted { .. } => {
                step.is_next(definition, self.quiet(definition)) && !self.is_blocked()
            }
            Event::CheckStarted { .. } => !self.is_blocked(),
            Event::SagaStarted { .. }
            | Event::SignalReceived { .. }
            | Event::StepSucceeded { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationDecided { .. }
            | Event::CompensationSucceeded { .. }
            | Event::CompensationFailed { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. }
            | Event::Completed
            | Event::Compensated => true,
        };
        in_order.then_some(())
    }
}

impl StepRecord {
    /// What the table has to know of the step itself.
    fn facts(&self, of: &StepDefinition, compensating: bool, at: Timestamp) -> Facts {
        Facts {
            asks: of.conditional,
            lists: of.fan_out.is_some(),
            lacks_signal: of.signal.is_some() && !self.received,
            ..self.own.facts(of, compensating, at)
        }
    }
}

impl Record {
    /// What the table has to know of an item.
    fn facts(&self, of: &StepDefinition, compensating: bool, at: Timestamp) -> Facts {
        Facts {
            kind: of.kind,
            asks: false,
            lists: false,
            lacks_signal: false,
            is_child: of.child.is_some(),
            needs_output: of.compensation_needs_output(),
            compensating,
            doubt: self.doubt,
            checked: self.checks.made > 0,
            blocked: self.block.is_some(),
            at,
        }
    }
}
