//! When a person is to be told of an instance.

use super::live::{Core, Live};
use crate::journal::{Event, InstanceState, Progress};
use crate::runtime::attention;
use crate::runtime::summary::InstanceSummary;

/// Whether an entry of `events`, which leads from one progress to another, parks the instance or flags it.
pub(super) fn calls_for_attention(before: &Progress, after: &Progress, events: &[Event]) -> bool {
    let is_resolved = || events.iter().any(|event| matches!(event, Event::Resolved { .. }));
    let parks =
        after.state == InstanceState::Parked && (before.state != InstanceState::Parked || is_resolved());
    parks || (after.needs_attention && !before.needs_attention)
}

impl Live {
    /// Tells whoever wants to know how it stands.
    pub(super) fn tell_attention(&self, core: &Core) {
        attention::tell(&self.shared, || {
            let definition = self.saga.definition();
            let Progress { state, due: _, needs_attention, step, reason, attempts, since } =
                core.progress.clone();
            InstanceSummary {
                id: self.id.clone(),
                saga: definition.name().clone(),
                version: definition.version(),
                state,
                step,
                reason,
                attempts,
                since: since.into(),
                created_at: self.created_at.into(),
                needs_attention,
                unregistered: false,
                parent: self.parent.clone(),
            }
        });
    }
}
