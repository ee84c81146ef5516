//! What is written.

use crate::id::{Epoch, InstanceId, StepName};
use crate::journal::{EncodedEntry, Head, Payload, Progress};
use crate::time::Timestamp;

/// The most signals that are kept of an instance: more than a saga has steps to wait for them, few enough that a
/// sender who does not stop cannot fill the store, and that an instance is read with all of them.
pub const SIGNALS_MAX: usize = 1_000;

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new instance with its first entry. It belongs to the stay whose epoch the entry has, also if that has ended.
    Create {
        /// Its head; its `seq` is that of the entry.
        head: Head,
        /// Its first entry.
        entry: EncodedEntry,
    },
    /// One more entry of an instance.
    Append {
        /// The instance.
        id: InstanceId,
        /// The entry.
        entry: EncodedEntry,
        /// How far the instance is now, if that has changed.
        progress: Option<Progress>,
        /// The instance that may be waiting for this entry, such as the parent of a child that ends here. If it
        /// waits, or once it does, it is due at `entry.at` at the latest; if it is not there, this changes nothing.
        wake: Option<InstanceId>,
    },
    /// A signal for an instance: into its inbox, and if it waits, or once it does, it is due at `signal.at` at the
    /// latest.
    Signal {
        /// The instance, whatever stay it belongs to.
        id: InstanceId,
        /// The signal.
        signal: Signal,
    },
    /// Marks an instance as unreadable: its progress is [`InstanceState::Unreadable`](crate::journal::InstanceState)
    /// since `at` and nothing else, its entries stay as they are. A version that can read it may append to it.
    MarkUnreadable {
        /// The instance.
        id: InstanceId,
        /// The stay it belongs to.
        epoch: Epoch,
        /// Since when.
        at: Timestamp,
    },
}

impl Write {
    /// The instance it is of.
    pub fn id(&self) -> &InstanceId {
        match self {
            Self::Create { head, .. } => &head.id,
            Self::Append { id, .. } | Self::Signal { id, .. } | Self::MarkUnreadable { id, .. } => id,
        }
    }

    /// The stay it is made under; none for a signal, which any stay may send.
    pub fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Create { entry, .. } | Self::Append { entry, .. } => Some(entry.epoch),
            Self::Signal { .. } => None,
            Self::MarkUnreadable { epoch, .. } => Some(*epoch),
        }
    }
}

/// A message for a step of an instance, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its id: an instance keeps one signal of each.
    pub id: String,
    /// The step it is for.
    pub step: StepName,
    /// What it says.
    pub payload: Payload,
    /// When it was sent.
    pub at: Timestamp,
}

/// Why a write was not taken. Nothing of it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An instance with this id exists.
    #[error("the id is taken")]
    Exists,
    /// There is no such instance.
    #[error("there is no such instance")]
    NotFound,
    /// The entry's number is not the next one.
    #[error("the journal has gone on, or the entry leaves a gap")]
    Sequence,
    /// The instance belongs to another stay.
    #[error("the instance belongs to another worker")]
    Fenced,
    /// The instance is completed or compensated: no signal makes a difference to it.
    #[error("the instance has ended")]
    Finished,
    /// The instance is unreadable: nobody can tell what a signal would make of it.
    #[error("the instance cannot be read")]
    Unreadable,
    /// The inbox of the instance holds [`SIGNALS_MAX`] signals.
    #[error("the instance has {SIGNALS_MAX} signals, which is the most it can have")]
    Full,
}
