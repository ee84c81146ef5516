//! What a store can be asked about an instance without reading its journal.

use std::fmt;
use std::sync::Arc;

use crate::definition::ShapeId;
use crate::id::{InstanceId, Seq, StepName};
use crate::journal::ParkReason;
use crate::time::Timestamp;

/// What a store can be asked about an instance without reading its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The instance.
    pub id: InstanceId,
    /// Its saga's name.
    pub saga: Arc<str>,
    /// Its saga's version.
    pub version: u32,
    /// Its saga's shape.
    pub shape: ShapeId,
    /// The instance whose step it is, if it is a child.
    pub parent: Option<InstanceId>,
    /// When it was started.
    pub created_at: Timestamp,
    /// Its last entry.
    pub seq: Seq,
    /// How far it is.
    pub progress: Progress,
}

/// How far an instance is: the part of a [`Head`] that changes. It is written only when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: InstanceState,
    /// When it goes on, if it left memory to wait.
    pub due: Option<Timestamp>,
    /// Whether something was tried in vain so often that a person should look.
    pub needs_attention: bool,
    /// The step it is parked at.
    pub step: Option<StepName>,
    /// Why it is parked.
    pub reason: Option<ParkReason>,
    /// The attempts made of the step it is parked at.
    pub attempts: u32,
    /// Since when it is in this state.
    pub since: Timestamp,
}

impl Progress {
    /// An instance that is `state` since `since` and waits for nothing.
    pub const fn new(state: InstanceState, since: Timestamp) -> Self {
        Self { state, due: None, needs_attention: false, step: None, reason: None, attempts: 0, since }
    }
}

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstanceState {
    /// It goes forward.
    Running,
    /// Its effects are taken back.
    Compensating,
    /// Every step succeeded.
    Completed,
    /// Everything that may have had an effect is compensated.
    Compensated,
    /// It waits for a person.
    Parked,
    /// Its journal cannot be read; nothing is written to it.
    Unreadable,
}

impl InstanceState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Compensating,
        Self::Completed,
        Self::Compensated,
        Self::Parked,
        Self::Unreadable,
    ];

    /// The state as a word, the one that stores keep.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Parked => "parked",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether a worker has something to do for it: it is running or compensating.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Compensating)
    }

    /// Whether it may go on: it has not ended, and its journal can be read.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Running | Self::Compensating | Self::Parked)
    }

    /// Whether it has ended: completed or compensated.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
