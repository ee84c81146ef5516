//! An instance in a line.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::id::{InstanceId, StepName};
use crate::journal::{Head, InstanceState, ParkReason};

/// An instance in a line: what is known of it without reading its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanceSummary {
    /// Its id.
    pub id: InstanceId,
    /// Its saga's name.
    pub saga: Arc<str>,
    /// Its saga's version.
    pub version: u32,
    /// Its state.
    pub state: InstanceState,
    /// The first step that it is parked at.
    pub step: Option<StepName>,
    /// Why it is parked there.
    pub reason: Option<ParkReason>,
    /// The attempts that were made of what is parked.
    pub attempts: u32,
    /// Since when it is in this state.
    pub since: SystemTime,
    /// When it was started.
    pub created_at: SystemTime,
    /// Whether something of it was tried in vain so often, or is so late, that a person should look.
    pub needs_attention: bool,
    /// Whether no saga of its name, version and shape is registered here: if it has not ended, it waits until one is.
    pub unregistered: bool,
    /// The instance whose step it is, if it is a child.
    pub parent: Option<InstanceId>,
}

impl InstanceSummary {
    pub(crate) fn new(head: Head, unregistered: bool) -> Self {
        let Head { id, saga, version, shape: _, parent, created_at, seq: _, progress } = head;
        Self {
            id,
            saga,
            version,
            state: progress.state,
            step: progress.step,
            reason: progress.reason,
            attempts: progress.attempts,
            since: progress.since.into(),
            created_at: created_at.into(),
            needs_attention: progress.needs_attention,
            unregistered,
            parent,
        }
    }
}

impl fmt::Display for InstanceSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} version {}: {}", self.id, self.saga, self.version, self.state)?;
        if let Some(step) = &self.step {
            write!(f, " at {step}")?;
        }
        if let Some(reason) = self.reason {
            write!(f, " ({reason})")?;
        }
        if self.needs_attention {
            f.write_str(", needs attention")?;
        }
        if self.unregistered {
            f.write_str(", not registered")?;
        }
        Ok(())
    }
}
