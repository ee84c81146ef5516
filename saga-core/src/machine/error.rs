//! What the machine refuses.

use crate::definition::ShapeId;
use crate::id::{Seq, StepName};
use crate::journal::Event;

/// An event that cannot have happened in the state that it is applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Illegal {
    event: &'static str,
    step: Option<StepName>,
    item: Option<u32>,
}

impl Illegal {
    pub(super) fn new(event: &Event) -> Self {
        Self { event: event.name(), step: event.step().cloned(), item: event.item() }
    }
}

impl std::fmt::Display for Illegal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.step, self.item) {
            (Some(step), Some(item)) => {
                write!(f, "{} of step {step}, item {item}, cannot have happened here", self.event)
            }
            (Some(step), None) => write!(f, "{} of step {step} cannot have happened here", self.event),
            (None, _) => write!(f, "{} cannot have happened here", self.event),
        }
    }
}

/// Why a journal cannot be read back. Nothing is guessed: the instance stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// There is no entry.
    #[error("the journal is empty")]
    Empty,
    /// An entry is missing.
    #[error("the journal has entry {found} where entry {expected} belongs")]
    Gap {
        /// The number that belongs there.
        expected: Seq,
        /// The number that is there.
        found: Seq,
    },
    /// The journal does not begin with the start of an instance.
    #[error("the journal begins with {event}")]
    NotStarted {
        /// The event it begins with.
        event: &'static str,
    },
    /// The instance was started under another definition.
    #[error("the journal is of {saga} version {version}, shape {}", shape.as_str())]
    OtherDefinition {
        /// The saga it is of.
        saga: String,
        /// The version.
        version: u32,
        /// The shape.
        shape: ShapeId,
    },
    /// An event cannot have happened after those before it.
    #[error("the journal is wrong in entry {seq}")]
    Illegal {
        /// The entry.
        seq: Seq,
        /// The event.
        source: Illegal,
    },
}

/// Why an input was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unexpected {
    /// No such attempt is under way: its result comes late. Drop the result.
    #[error("attempt {attempt} of {step} is not under way")]
    NotRunning {
        /// The step.
        step: StepName,
        /// Which attempt.
        attempt: u32,
    },
    /// What only a check can answer, said of an attempt that is none.
    #[error("an attempt of {step} ended as only a check can end")]
    NoAnswer {
        /// The step.
        step: StepName,
    },
    /// The saga has no such step.
    #[error("the saga has no step {index}")]
    NoStep {
        /// The step's place in the declaration, from 0.
        index: usize,
    },
    /// The step has no such item.
    #[error("step {step} has no item {item}")]
    NoItem {
        /// The step.
        step: StepName,
        /// The item, from 0.
        item: u32,
    },
    /// The step does not want to know this now: it was asked already, or another way.
    #[error("step {step} was not to be asked")]
    NotAsked {
        /// The step.
        step: StepName,
    },
    /// The step takes no message.
    #[error("step {step} takes no signal")]
    NoSignal {
        /// The step.
        step: StepName,
    },
    /// The pivot has started: the instance only goes forward.
    #[error("the instance is past its pivot")]
    PastPivot,
    /// Only what has completed can be reverted, and only without a pivot.
    #[error("the instance cannot be reverted")]
    NotRevertible,
    /// The instance has ended.
    #[error("the instance has ended")]
    Ended,
    /// Nothing is parked, so there is nothing to decide.
    #[error("nothing is parked")]
    NotParked,
    /// That is no way for what is parked to go on. Nothing was decided.
    #[error("{why}")]
    NotApplicable {
        /// Why not, and what to do instead.
        why: String,
    },
    /// A decision broke the rules of the journal: a defect of the machine. Drop it, and leave the instance as
    /// its journal says.
    #[error("a decision breaks the rules of the journal")]
    Broken(#[from] Illegal),
}
