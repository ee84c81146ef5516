//! What is seen of a history: everything that was called, done and written, in order.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sagas::InstanceId;
use sagas::journal::{Entry, InstanceState};
use sagas::store::Timestamp;

use super::act::{Act, Method};
use super::shape::Slot;
use crate::print::{Print, print_event};

/// Something that is seen.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// A service is called: the request is on its way.
    Called { slot: Slot, method: Method, attempt: u32, call: u8, act: Act },
    /// A pure method of a step is asked, or the client is about to send its message.
    Asked { slot: Slot, method: Method, call: u8, act: Act },
    /// A request arrived at its service.
    Did { slot: Slot, method: Method, done: Done },
    /// The caller has its answer, or has panicked.
    Answered { slot: Slot, method: Method },
    /// The caller was dropped: it took too long.
    Dropped { slot: Slot, method: Method },
    /// A call came with another key than the calls of its step before.
    OtherKey { slot: Slot },
    /// An entry became durable. `kept` is the row's state, if the write said so.
    Wrote { id: InstanceId, entry: Arc<Entry>, bytes: u64, kept: Option<InstanceState> },
    /// A signal became durable.
    Signalled { id: InstanceId, signal: String, at: Timestamp },
    /// An instance was marked as unreadable.
    Unreadable { id: InstanceId },
    /// The store handed out instances whose time had come.
    HandedOut { instances: usize },
    /// It is on record that what was running when a process died has got through.
    Settled,
    /// Somebody was told something.
    Told(Told),
    /// The orchestrator is being shut down.
    Ends,
    /// It has been.
    Ended,
    /// The next process begins.
    Begins,
    /// The process died here.
    Died(Moment),
}

/// What a service did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Done {
    /// It has had its effect.
    Applied,
    /// It knew the key, so there was no further effect.
    Again,
    /// It refused.
    Refused,
    /// It did nothing, and said so.
    Nothing,
    /// It took the effect back.
    TookBack,
    /// There was nothing to take back, or not any more.
    NothingToTakeBack,
    /// It was asked, and has done it.
    FoundEffect,
    /// It was asked, and has not done it, nor will it.
    FoundNothing,
    /// It was asked, and does not know.
    FoundUnknown,
}

/// What a client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// The instance is started.
    Started,
    /// The message of this name is sent.
    Signalled(&'static str),
    /// The outcome.
    Outcome(Ending),
    /// What is parked is tried again.
    Resolved,
    /// The instance is cancelled.
    Cancelled,
    /// The instance, which has completed, is taken back.
    Reverted,
    /// The instance cannot be taken back.
    NotRevertible,
}

/// How an instance ended, as its outcome says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// Completed.
    Completed,
    /// Compensated.
    Compensated,
    /// Parked.
    Parked,
}

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Moment {
    /// A request was sent.
    Called,
    /// A service had its effect, and the answer is not in the journal.
    Done,
    /// Before an append: time has passed since the last moment, and nothing else.
    BeforeAppend,
    /// After an append, before anybody was told.
    AfterAppend,
    /// After instances were handed out.
    HandedOut,
    /// After it was put on record that what was running when a process died has got through.
    Settled,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Called => "after the call was sent",
            Self::Done => "after the service had answered",
            Self::BeforeAppend => "before the append",
            Self::AfterAppend => "after the append",
            Self::HandedOut => "after what was due was handed out",
            Self::Settled => "after it was on record that all had got through",
        })
    }
}

impl Seen {
    /// A short name of this: equal for what is the same, whenever it happens.
    pub(crate) fn print(&self) -> u64 {
        let mut hasher = Print::default();
        std::mem::discriminant(self).hash(&mut hasher);
        match self {
            // What comes of it is seen later.
            Self::Called { slot, method, attempt, call: _, act: _ } => {
                (slot, method, attempt).hash(&mut hasher)
            }
            Self::Asked { slot, method, call: _, act } => (slot, method, act).hash(&mut hasher),
            Self::Did { slot, method, done } => (slot, method, done).hash(&mut hasher),
            Self::Answered { slot, method } | Self::Dropped { slot, method } => {
                (slot, method).hash(&mut hasher);
            }
            Self::OtherKey { slot } => slot.hash(&mut hasher),
            Self::Wrote { id, entry, bytes: _, kept } => {
                (id.as_str(), kept).hash(&mut hasher);
                entry.events.iter().for_each(|event| print_event(event, &mut hasher));
            }
            Self::Signalled { id, signal, at: _ } => (id, signal).hash(&mut hasher),
            Self::Unreadable { id } => id.hash(&mut hasher),
            Self::HandedOut { instances } => instances.hash(&mut hasher),
            Self::Settled | Self::Ends | Self::Ended | Self::Begins => {}
            Self::Told(told) => told.hash(&mut hasher),
            Self::Died(moment) => moment.hash(&mut hasher),
        }
        hasher.finish()
    }
}
