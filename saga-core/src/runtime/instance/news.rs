//! What is told of an instance once it is durable: to the log, and to who counts.

use std::sync::atomic::Ordering;

use tracing::{info, warn};

use super::live::{Core, Live};
use crate::id::StepName;
use crate::journal::{Event, InstanceState};
use crate::private::Role;

/// What was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) state: InstanceState,
    pub(super) needs_attention: bool,
}

impl Announced {
    /// What everybody knows of an instance that begins.
    pub(super) const BEGUN: Self = Self { state: InstanceState::Running, needs_attention: false };
}

impl Live {
    /// Its first entry is durable, if nobody knew that yet.
    pub(super) fn note_created(&self) {
        if !self.created.swap(true, Ordering::AcqRel) {
            self.meters.started();
        }
    }

    /// Tells what a durable entry has made true. Texts of errors stay in the journal.
    pub(super) fn tell(&self, core: &mut Core, events: &[Event]) {
        for event in events {
            self.tell_event(event);
        }
        let progress = &core.progress;
        let now = Announced { state: progress.state, needs_attention: progress.needs_attention };
        let before = std::mem::replace(&mut core.announced, now);
        if now.state != before.state {
            self.meters.came_to(now.state, progress.reason);
            self.tell_state(core);
        }
        if now.needs_attention && !before.needs_attention {
            warn!(parent: self.span(), "it needs attention");
        }
    }

    fn tell_event(&self, event: &Event) {
        match event {
            Event::AttemptLost { step, .. } => self.count_lost(Role::Step, step),
            Event::CheckFailed { step, lost: Some(_), .. } => self.count_lost(Role::Check, step),
            Event::CompensationFailed { step, lost: Some(_), .. } => {
                self.count_lost(Role::Compensation, step);
            }
            Event::CompensationDecided { cause } => {
                let step = cause.step.as_ref().map(tracing::field::display);
                let (item, kind, code) = (cause.item, cause.kind, cause.code.as_deref());
                info!(parent: self.span(), step, item, ?kind, code, who = cause.who, "it compensates");
            }
            Event::Resolved { step, item, how, who, .. } => {
                info!(parent: self.span(), %step, item, ?how, who, "a parked step goes on");
            }
            _ => {}
        }
    }

    fn tell_state(&self, core: &Core) {
        match core.progress.state {
            InstanceState::Completed => info!(parent: self.span(), "it completed"),
            InstanceState::Compensated => info!(parent: self.span(), "it is compensated"),
            InstanceState::Parked => {
                let parked = &core.progress;
                let step = parked.step.as_ref().map(tracing::field::display);
                let (reason, attempts) = (parked.reason.map(tracing::field::display), parked.attempts);
                warn!(parent: self.span(), step, reason, attempts, "it is parked and waits for a person");
            }
            InstanceState::Running | InstanceState::Compensating | InstanceState::Unreadable => {}
        }
    }

    fn count_lost(&self, role: Role, step: &StepName) {
        if let Some(step) = self.saga.definition().index_of(step) {
            self.meters.lost(role, step);
        }
    }
}
