//! Steps that are instances of their own.

use super::decide::Machine;
use super::input::ChildNeed;
use super::status::Method;
use crate::id::StepIndex;

impl Machine {
    /// The steps that wait for their child, also those at which the instance is parked, each with the number of
    /// the attempt that is told of it.
    pub fn children(&self) -> impl Iterator<Item = (StepIndex, ChildNeed, u32)> + '_ {
        let children = self.state().steps(self.definition()).filter(|step| step.of.child.is_some());
        children.filter_map(|step| {
            let method = step.record.own.status.running()?;
            let need = match method {
                Method::Attempt | Method::Check => ChildNeed::End,
                Method::Compensation => ChildNeed::Compensation,
            };
            Some((step.index, need, step.record.own.tries(method).made))
        })
    }

    /// Whether a step waits for its child.
    pub fn waits_for_children(&self) -> bool {
        self.children().next().is_some()
    }
}
