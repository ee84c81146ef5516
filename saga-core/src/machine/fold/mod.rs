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
use crate::journal::{Event, FailureKind, ResolutionKind};
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
        if moment.went_back != self.last.went_back {
            self.set_back_at = at;
        }
        self.last = moment;
        let shown = self.look(definition);
        if self.shown != shown {
            self.shown = shown;
            self.since = at;
        }
        Ok(())
    }

    /// Whether `event`, which is of one step or item, can happen here and now.
    pub(super) fn allows(&self, definition: &Definition, event: &Event, at: Timestamp) -> bool {
        let next = || {
            let index = definition.index_of(event.step()?)?;
            self.check_order(definition, index, event)?;
            let around = self.around(definition, index, self.moment(at));
            let step = self.step(definition, index)?;
            let facts = match event.item() {
                None => step.record.facts(step.of, around),
                Some(item) => step.item(item)?.record.facts(step.of, around),
            };
            let unit = self.unit(definition, UnitIndex { step: index, item: event.item() })?;
            next_status(unit.record.status, facts, event)
        };
        self.may_happen(event) && next().is_some()
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
        self.check_order(definition, index, event)?;
        let around = self.around(definition, index, moment);
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
                let facts = step.facts(of, around);
                step.own.apply(facts, of, event, moment)?;
            }
            Some(item) => step.items.as_mut()?.change(item, of, |record| {
                let facts = record.facts(of, around);
                record.apply(facts, of, event, moment)
            })?,
        }
        step.received |= matches!(event, Event::SignalReceived { .. });
        step.items = listed.or(step.items.take());
        Some(())
    }

    /// Applies an event of the instance as a whole: it is legal if it is so at each step, and each item.
    fn apply_to_all(&mut self, definition: &Definition, event: &Event, moment: Moment) -> Option<()> {
        let next: Vec<StepStatus> = self
            .steps(definition)
            .map(|step| {
                let around = self.around(definition, step.index, moment);
                let items = step.record.items.iter().flat_map(|items| items.iter());
                for (_, item) in items {
                    next_status(item.status, item.facts(step.of, around), event)?;
                }
                next_status(step.record.own.status, step.record.facts(step.of, around), event)
            })
            .collect::<Option<_>>()?;
        match event {
            Event::CompensationDecided { cause } => {
                self.cause = Some(cause.clone());
                self.turn_around(definition, &next, event, moment);
            }
            Event::ClockChanged => self.clock_since = Some(moment),
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
        let around = Around { compensating: false, only_forward: false, at: moment.at };
        self.phase = Phase::Compensating;
        for ((step, (index, of)), status) in self.steps.iter_mut().zip(definition.steps()).zip(next) {
            step.own.turn_around(*status, moment);
            let Some(items) = &mut step.items else { continue };
            let around = Around { only_forward: is_only_forward(definition, index), ..around };
            items.change_all(of, |record| {
                let status = next_status(record.status, record.facts(of, around), event);
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
            // Nobody does the work of a step before that of those before it, nor an item's out of order.
            Event::Resolved { item, how: ResolutionKind::Succeeded, .. } => {
                let unit = self.unit(definition, UnitIndex { step: index, item: *item })?;
                let is_its_turn = item.is_none() && step.of.after.is_subset(self.done(definition));
                is_its_turn || !unit.record.status.is_ahead()
            }
            Event::SagaStarted { .. }
            | Event::ClockChanged
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
            | Event::Resolved {
                how: ResolutionKind::Retry | ResolutionKind::Skip | ResolutionKind::Void,
                ..
            }
            | Event::Completed
            | Event::Compensated => true,
        };
        in_order.then_some(())
    }
}

/// What the table has to know of a step that its own record does not say.
#[derive(Debug, Clone, Copy)]
struct Around {
    compensating: bool,
    only_forward: bool,
    at: Timestamp,
}

impl State {
    fn around(&self, definition: &Definition, index: StepIndex, moment: Moment) -> Around {
        Around {
            compensating: self.phase == Phase::Compensating,
            only_forward: is_only_forward(definition, index),
            at: moment.at,
        }
    }
}

/// Whether the step is the pivot, or comes after it.
fn is_only_forward(definition: &Definition, index: StepIndex) -> bool {
    definition.pivot() == Some(index) || definition.is_after_pivot(index)
}

impl StepRecord {
    /// What the table has to know of the step itself.
    fn facts(&self, of: &StepDefinition, around: Around) -> Facts {
        Facts {
            asks: of.conditional,
            lists: of.fan_out.is_some(),
            lacks_signal: of.signal.is_some() && !self.received,
            ..self.own.facts(of, around)
        }
    }
}

impl Record {
    /// What the table has to know of an item.
    fn facts(&self, of: &StepDefinition, around: Around) -> Facts {
        Facts {
            kind: of.kind,
            asks: false,
            lists: false,
            lacks_signal: false,
            is_child: of.child.is_some(),
            needs_output: of.compensation_needs_output(),
            compensating: around.compensating,
            doubt: self.doubt,
            checked: self.checks.made > 0,
            block: self.block.as_ref().map(|block| block.reason),
            vouched: self.vouched,
            only_forward: around.only_forward,
            at: around.at,
        }
    }
}
