//! The children of an instance in memory, and who looks after them.

use std::sync::Arc;

use super::live::{Core, Live};
use crate::definition::Definition;
use crate::id::StepIndex;
use crate::journal::Event;
use crate::machine::{Action, ChildNeed, Machine};
use crate::runtime::children::{self, ChildWish};

/// A child that a task looks after.
pub(super) struct Attended {
    step: StepIndex,
    /// Something has happened since the task looked: it looks again.
    again: bool,
}

/// Whether an event, once it is durable, makes something of a child's concern true: that it is wanted, that it is
/// to be taken back, that nobody wants it any more, or that what was parked goes on.
pub(super) fn concerns_children(definition: &Definition, event: &Event) -> bool {
    if matches!(event, Event::Resolved { .. }) {
        // A child that could not be started is wanted still: no event says so once more.
        return true;
    }
    match Action::of(event) {
        Some(Action::CancelAttempts) => true,
        Some(
            Action::RunStep { step, .. }
            | Action::RunCheck { step, .. }
            | Action::RunCompensation { step, .. },
        ) => {
            let of = definition.index_of(step).and_then(|step| definition.step(step));
            of.is_some_and(|step| step.child.is_some())
        }
        Some(Action::WakeAt(_) | Action::Finish) | None => false,
    }
}

/// What is wished of the child of a step by what the machine has decided, with the attempt that is told of it.
pub(super) fn wish_of(machine: &Machine, step: StepIndex) -> Option<(ChildWish, u32)> {
    let is_decided = machine.failure().is_some();
    let mut children = machine.children().filter(|(child, ..)| *child == step);
    children.next().map(|(_, need, attempt)| match need {
        ChildNeed::End if is_decided => (ChildWish::BeCancelled, attempt),
        ChildNeed::End => (ChildWish::End, attempt),
        ChildNeed::Compensation => (ChildWish::BeCompensated, attempt),
    })
}

impl Live {
    /// Has the children looked after that it waits for; `false` if it is no longer in memory.
    pub(crate) fn attend_children(self: &Arc<Self>) -> bool {
        let mut core = self.core();
        let is_here = !core.gone;
        if is_here {
            self.attend(&mut core);
        }
        is_here
    }

    /// Has each child that it waits for looked after by a task of its own. One that has a task already is looked at
    /// once more.
    pub(super) fn attend(self: &Arc<Self>, core: &mut Core) {
        let waiting: Vec<StepIndex> = core.machine.children().map(|(step, ..)| step).collect();
        for step in waiting {
            match core.attended.iter_mut().find(|attended| attended.step == step) {
                Some(attended) => attended.again = true,
                None => {
                    core.attended.push(Attended { step, again: true });
                    children::look_after(Arc::clone(self), step);
                }
            }
        }
    }

    /// Gives its place back while it cannot look after a child, unless it does something else. The child may wait for a
    /// place where another parent waits that has one there, for a child that waits here.
    pub(crate) fn yield_place(&self) {
        let mut core = self.core();
        if !core.machine.has_attempts_running() {
            core.place = None;
        }
    }

    /// Whether what is wished of children is not on record yet. Once it is, they are looked after anew.
    fn is_ahead(&self, core: &Core) -> bool {
        let events = core.writing.iter().flat_map(|writing| &writing.events);
        events.into_iter().any(|event| concerns_children(self.saga.definition(), event))
    }

    /// What the child of a step is to be looked after for now, with the attempt that is told of it. `None` ends the
    /// looking after, until something happens.
    pub(crate) fn next_child_need(self: &Arc<Self>, step: StepIndex) -> Option<(ChildWish, u32)> {
        let mut core = self.core();
        let wish = wish_of(&core.machine, step);
        let at = core.attended.iter().position(|attended| attended.step == step)?;
        let again = core.attended.get_mut(at).is_some_and(|attended| std::mem::take(&mut attended.again));
        if again && !core.gone && !self.is_ahead(&core) && wish.is_some() {
            return wish;
        }
        core.attended.swap_remove(at);
        self.decide(&mut core);
        None
    }
}
