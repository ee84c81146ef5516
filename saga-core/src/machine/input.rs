//! What goes into the machine.

use crate::fault::FaultRecord;
use crate::id::StepIndex;
use crate::journal::{ParkReason, Payload};

/// What happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time passed, or there is room: what can start starts.
    Proceed,
    /// An attempt of a step ended.
    StepEnded {
        /// The step.
        step: StepIndex,
        /// Which attempt.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// An attempt of a check ended.
    CheckEnded {
        /// The step.
        step: StepIndex,
        /// Which attempt of the check.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// An attempt of a compensation ended.
    CompensationEnded {
        /// The step.
        step: StepIndex,
        /// Which attempt of the compensation.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// The instance was read back after the process that ran it died: what was running is lost.
    Recovered,
    /// Something that is no attempt's parks the instance at a step.
    Park {
        /// The step.
        step: StepIndex,
        /// Why.
        reason: ParkReason,
        /// Why, in words.
        message: String,
    },
    /// Somebody asks for everything that is parked to be tried again.
    Retry {
        /// Who.
        who: String,
        /// Why.
        note: String,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// It succeeded, with this output; a check found the step done.
    Succeeded(Payload),
    /// It failed.
    Failed(FaultRecord),
    /// A check found that nothing was done, and nothing will be.
    NothingDone,
    /// A check found that the service does not know.
    Unknown,
}

/// Whether an instance may start what is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It starts.
    Go,
    /// It only records: it is queued, or the orchestrator is shutting down.
    Hold,
}
