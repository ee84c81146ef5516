//! What durable events ask for.

use std::sync::Arc;

use tracing::error;

use super::attend::concerns_children;
use super::live::{Core, Live, Running};
use crate::id::StepName;
use crate::journal::Event;
use crate::machine::Action;
use crate::private::Role;
use crate::runtime::launch::{self, Order, Surroundings};

impl Live {
    /// Does what durable events ask for.
    pub(super) fn act(self: &Arc<Self>, core: &mut Core, events: &[Event]) {
        let definition = self.saga.definition();
        for event in events {
            core.output.note(definition, definition.output(), event);
            let (role, step, item, attempt) = match Action::of(event) {
                Some(Action::RunStep { step, item, attempt }) => (Role::Step, step, item, attempt),
                Some(Action::RunCheck { step, item, attempt }) => (Role::Check, step, item, attempt),
                Some(Action::RunCompensation { step, item, attempt }) => {
                    (Role::Compensation, step, item, attempt)
                }
                Some(Action::CancelAttempts) => {
                    self.cancel.set();
                    continue;
                }
                // The machine knows when it wakes next, and that it has ended.
                Some(Action::WakeAt(_) | Action::Finish) | None => continue,
            };
            let of = definition.index_of(step).and_then(|step| definition.step(step));
            if of.is_some_and(|step| step.child.is_none()) {
                self.launch(core, role, step, item, attempt);
            }
        }
        if events.iter().any(|event| concerns_children(definition, event)) {
            self.attend(core);
        }
    }

    pub(super) fn launch(
        self: &Arc<Self>,
        core: &mut Core,
        role: Role,
        name: &StepName,
        item: Option<u32>,
        attempt: u32,
    ) {
        let failure = core.machine.failure();
        // Only an attempt that the decision found running is told of it: what starts later is wanted.
        let cancelled = failure.is_none().then(|| Arc::clone(&self.cancel));
        if self.shared.lifecycle.is_aborting() {
            // It stays recorded as begun, and counts as in doubt.
            return;
        }
        let Some(order) = Order::new(self.saga.definition(), role, name, item, attempt) else {
            return error!(parent: self.span(), step = %name, "the journal names a step that the saga does not have");
        };
        let step = order.step;
        let permit = (role == Role::Step)
            .then(|| core.permits.iter().position(|(of, _)| *of == step))
            .flatten()
            .map(|at| core.permits.swap_remove(at).1);
        let suspicion = core.suspicion.clone();
        let around = Surroundings { cancelled, failure, permit, suspicion };
        let task = launch::spawn(Arc::clone(self), order, around);
        core.attempts.push(Running { step, item, task });
    }
}
