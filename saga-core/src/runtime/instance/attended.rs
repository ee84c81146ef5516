//! Which children of an instance are looked after, so that each is by one task.

use std::sync::Arc;

use super::live::{Attended, Core, Live};
use crate::id::{InstanceId, StepIndex};
use crate::machine::ChildNeed;
use crate::runtime::children::{ChildWish, child_id};

impl Live {
    /// The children that nobody looks after yet. Those that somebody does are looked at once more.
    pub(crate) fn children_to_attend(&self) -> Vec<StepIndex> {
        let mut core = self.core();
        if core.gone {
            return Vec::new();
        }
        let waiting: Vec<StepIndex> = core.machine.children().map(|(step, ..)| step).collect();
        let mut unattended = Vec::new();
        for step in waiting {
            match core.attended.iter_mut().find(|attended| attended.step == step) {
                Some(attended) => attended.again = true,
                None => {
                    core.attended.push(Attended { step, again: true });
                    unattended.push(step);
                }
            }
        }
        unattended
    }

    /// What the child of a step is to be looked after for now, with the attempt that is told of it. `None` ends the
    /// looking after, until something happens.
    pub(crate) fn next_child_need(self: &Arc<Self>, step: StepIndex) -> Option<(ChildWish, u32)> {
        let mut core = self.core();
        let is_decided = core.machine.failure().is_some();
        let mut children = core.machine.children().filter(|(child, ..)| *child == step);
        let wish = children.next().map(|(_, need, attempt)| match need {
            ChildNeed::End if is_decided => (ChildWish::BeCancelled, attempt),
            ChildNeed::End => (ChildWish::End, attempt),
            ChildNeed::Compensation => (ChildWish::BeCompensated, attempt),
        });
        drop(children);
        let at = core.attended.iter().position(|attended| attended.step == step)?;
        let again = core.attended.get_mut(at).is_some_and(|attended| std::mem::take(&mut attended.again));
        if again && !core.gone && wish.is_some() {
            return wish;
        }
        core.attended.swap_remove(at);
        self.decide(&mut core);
        None
    }

    /// The ids of the children that the instance waits for.
    pub(super) fn children_awaited(&self, core: &Core) -> Vec<InstanceId> {
        let definition = self.saga.definition();
        let names = core.machine.children().filter_map(|(step, ..)| Some(&definition.step(step)?.name));
        names.filter_map(|name| child_id(&self.id, name).ok()).collect()
    }
}
