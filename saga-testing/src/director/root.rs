//! The instance that a history is about.

use std::time::Duration;

use saga_core::definition::Definition;
use saga_core::id::StepName;
use saga_core::journal::{Event, InstanceState};
use saga_core::store::Write;

use crate::written::events_of;

/// How the instance that the history is about stands, durably.
#[derive(Debug, Clone)]
pub(super) struct Root {
    id: String,
    pivot: Option<StepName>,
    deadline: Option<Duration>,
    state: Option<InstanceState>,
    has_begun_pivot: bool,
}

impl Root {
    pub(super) fn new(id: &str, definition: &Definition) -> Self {
        let pivot = definition.pivot().and_then(|pivot| definition.step(pivot)).map(|step| step.name.clone());
        let deadline = definition.deadline_after();
        Self { id: id.to_owned(), pivot, deadline, state: None, has_begun_pivot: false }
    }

    /// Something of it, or of another instance, is written.
    pub(super) fn note(&mut self, write: &Write) {
        if write.id().as_str() != self.id {
            return;
        }
        match write {
            Write::Create { head, .. } => self.state = Some(head.progress.state),
            Write::Append { progress: Some(progress), .. } => self.state = Some(progress.state),
            Write::Append { progress: None, .. } | Write::Signal { .. } | Write::MarkUnreadable { .. } => {}
        }
        if let Some(pivot) = self.pivot.as_ref().filter(|_| !self.has_begun_pivot) {
            self.has_begun_pivot = events_of(write)
                .iter()
                .any(|event| matches!(event, Event::StepStarted { step, .. } if step == pivot));
        }
    }

    /// Whether it can still be cancelled once `batch` is written.
    pub(super) fn can_be_cancelled_after(&self, batch: &[Write]) -> bool {
        let mut root = self.clone();
        batch.iter().for_each(|write| root.note(write));
        let goes_on = matches!(root.state, Some(InstanceState::Running | InstanceState::Parked));
        goes_on && !root.has_begun_pivot
    }

    /// How long after its start it is cancelled.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether it can be reverted.
    pub(super) fn can_be_reverted(&self) -> bool {
        self.state == Some(InstanceState::Completed) && self.pivot.is_none()
    }

    /// Whether it has ended, or is parked.
    pub(super) fn has_ended(&self) -> bool {
        self.state.is_some_and(|state| state.is_terminal() || state == InstanceState::Parked)
    }

    /// Whether it is parked.
    pub(super) fn is_parked(&self) -> bool {
        self.state == Some(InstanceState::Parked)
    }

    /// Whether its step `name` begins in `batch`: with an attempt, or with waiting.
    pub(super) fn begins(&self, name: &str, batch: &[Write]) -> bool {
        batch.iter().filter(|write| write.id().as_str() == self.id).flat_map(events_of).any(|event| {
            match event {
                Event::StepStarted { step, .. }
                | Event::SignalAwaited { step, .. }
                | Event::StepDelayed { step, .. } => step.as_str() == name,
                _ => false,
            }
        })
    }
}
