//! A step that fans out: its items are called, and compensated, a few at a time.

use super::compensate::{Settling, settling};
use super::error::Illegal;
use super::state::UnitIndex;
use super::status::Method;
use super::turn::{Start, Turn};
use crate::definition::StepDefinition;
use crate::id::StepIndex;
use crate::time::Timestamp;

impl Turn<'_> {
    /// Calls the next items of the step at `index`, in order, as long as there is a place for one. An item holds
    /// its place until it has ended: while one waits to be tried again no other is tried in its stead.
    pub(super) fn begin_items(&mut self, index: StepIndex) -> Result<(), Illegal> {
        while !self.state.has_parked() {
            let Some((next, places)) = self.step(index).and_then(|step| {
                let items = step.record.items.as_ref()?;
                Some((items.next()?, places(step.of)?.saturating_sub(items.under_way())))
            }) else {
                return Ok(());
            };
            if places == 0 {
                return Ok(());
            }
            let at = UnitIndex { step: index, item: Some(next) };
            match self.start(at, Method::Attempt)? {
                Start::Done => {}
                Start::NotYet | Start::NoRoom => return Ok(()),
            }
        }
        Ok(())
    }

    /// Starts what of the items of the step at `index` waited for its time, as far as it has come.
    pub(super) fn resume_items(&mut self, index: StepIndex) -> Result<(), Illegal> {
        let mut last = None;
        while let Some((until, item)) = self.next_waiting(index, last) {
            let at = UnitIndex { step: index, item: Some(item) };
            if !self.has_place(index) || self.start_if_due(at)? == Start::NoRoom {
                return Ok(());
            }
            last = Some((until, item));
        }
        Ok(())
    }

    /// Settles the items of the step at `index` that have to be, in the order in which their last attempts ended.
    pub(super) fn settle_items(&mut self, index: StepIndex) -> Result<(), Illegal> {
        while let Some(item) = self.next_to_settle(index) {
            let at = UnitIndex { step: index, item: Some(item) };
            if !self.has_place(index) || self.settle(at)? == Start::NoRoom {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Compensates items of the step at `index`, the last first.
    pub(super) fn compensate_items(&mut self, index: StepIndex) -> Result<(), Illegal> {
        while !self.state.is_blocked() && self.has_place(index) {
            let next = self.step(index).and_then(|step| step.record.items.as_ref()?.to_compensate());
            let Some(item) = next else { return Ok(()) };
            let at = UnitIndex { step: index, item: Some(item) };
            let (Start::Done | Start::NotYet | Start::NoRoom) = self.start(at, Method::Compensation)?;
        }
        Ok(())
    }

    /// The next item after `last` that may be due.
    fn next_waiting(&self, index: StepIndex, last: Option<(Timestamp, u32)>) -> Option<(Timestamp, u32)> {
        let next = self.step(index)?.record.items.as_ref()?.next_waiting(last)?;
        (next.0 <= self.now || self.clock().moves_waits()).then_some(next)
    }

    /// The next item to be settled, if its time has come and nothing blocks the instance.
    fn next_to_settle(&self, index: StepIndex) -> Option<u32> {
        let step = self.step(index).filter(|_| !self.state.is_blocked())?;
        let (_, item) = step.record.items.as_ref()?.to_settle().next()?;
        match settling(step.item(item)?, self.clock()) {
            Settling::Check(at) if at > self.now => None,
            Settling::Check(_) | Settling::Call | Settling::Impossible => Some(item),
        }
    }

    /// Whether another attempt of an item of the step at `index` may run. What only waits holds no place here: an
    /// item whose compensation keeps failing does not hold up the others.
    fn has_place(&self, index: StepIndex) -> bool {
        self.step(index).is_some_and(|step| {
            let running = step.record.items.as_ref().map_or(0, |items| items.running());
            places(step.of).is_some_and(|places| running < places)
        })
    }
}

/// How many items of a step run at once.
fn places(of: &StepDefinition) -> Option<u32> {
    Some(of.fan_out?.concurrency.get())
}
