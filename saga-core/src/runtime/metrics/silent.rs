//! What stands in the place of `recording` without the feature `metrics`: calls that do nothing.

use std::sync::Arc;

use tokio::time::Instant;

use crate::definition::Definition;
use crate::id::StepIndex;
use crate::journal::{InstanceState, ParkReason};
use crate::machine::AttemptEnd;
use crate::private::Role;
use crate::runtime::registry::Registry;
use crate::runtime::shared::Shared;

/// Nobody who listens.
pub(crate) struct Recording;

/// Nobody who counts.
#[derive(Clone, Copy)]
pub(crate) struct Meters;

impl Recording {
    pub(crate) const fn new(_: &Registry) -> Self {
        Self
    }

    pub(crate) const fn of(&self, _: &Arc<Definition>) -> Meters {
        Meters
    }

    pub(crate) const fn committed(&self, _entries: usize, _bytes: usize, _begun: Instant) {}

    pub(crate) const fn commit_failed(&self) {}
}

impl Meters {
    pub(crate) const fn started(self) {}

    pub(crate) const fn came_to(self, _: InstanceState, _: Option<ParkReason>) {}

    pub(crate) const fn ended(self, _: Role, _: StepIndex, _: &AttemptEnd, _begun: Instant) {}

    pub(crate) const fn lost(self, _: Role, _: StepIndex) {}
}

/// Nobody looks at the gauges.
pub(crate) const fn watch(_: &Arc<Shared>) {}
