//! Steps that are instances of their own.

use super::decide::Machine;
use super::input::ChildNeed;
use super::status::Method;
use crate::id::StepIndex;

impl Machine {
    /// The steps that wait for their child, also those at which the instance is parked.
    pub fn children(&self) -> impl Iterator<Item = (StepIndex, ChildNeed)> + '_ {
        let children = self.state().steps(self.definition()).filter(|step| step.of.child.is_some());
        children.filter_map(|step| {
            let need = match step.record.own.status.running()? {
                Method::Attempt | Method::Check => ChildNeed::End,
                Method::Compensation => ChildNeed::Compensation,
            };
            Some((step.index, need))
        })
    }

    /// Whether a step waits for its child.
    pub fn waits_for_children(&self) -> bool {
        self.children().next().is_some()
    }
}
