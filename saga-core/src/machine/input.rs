//! What goes into the machine.

use crate::fault::FaultRecord;
use crate::id::StepIndex;
use crate::journal::{FailureKind, Loss, ParkReason, Payload};

/// What happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time passed, or there is room: what can start starts.
    Proceed,
    /// A pure method of a step was asked what [`Machine::question`](super::Machine::question) wants to know.
    Answered {
        /// The step.
        step: StepIndex,
        /// What it said.
        answer: Answer,
    },
    /// A message came for a step. The first one counts; what comes after it makes nothing true. The step's time
    /// passes only at an input under an open gate, so bring what is in the inbox before that.
    Signal {
        /// The step.
        step: StepIndex,
        /// The sender's name for the message.
        id: String,
        /// The message.
        payload: Payload,
    },
    /// An attempt of a step ended, or its child did.
    StepEnded {
        /// The step.
        step: StepIndex,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// An attempt of a check ended.
    CheckEnded {
        /// The step.
        step: StepIndex,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt of the check.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// An attempt of a compensation ended.
    CompensationEnded {
        /// The step.
        step: StepIndex,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt of the compensation.
        attempt: u32,
        /// How.
        end: AttemptEnd,
    },
    /// The instance was read back after the process that ran it died: what was running is lost.
    Recovered {
        /// Whether it is to blame for that.
        loss: Loss,
    },
    /// Something that is no attempt's parks the instance at a step.
    Park {
        /// The step.
        step: StepIndex,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Why.
        reason: ParkReason,
        /// Why, in words.
        message: String,
    },
    /// Somebody wants it taken back. The decision is never taken twice: an instance that compensates goes on.
    Cancel {
        /// [`Reverted`](FailureKind::Reverted) of what has completed; [`Cancelled`](FailureKind::Cancelled) or
        /// [`Deadline`](FailureKind::Deadline) of what goes forward and has not begun its pivot.
        kind: FailureKind,
        /// Who, if it is somebody.
        who: Option<String>,
        /// Why.
        message: String,
    },
    /// Somebody decides how what is parked goes on.
    Resolve {
        /// What of it.
        target: Target,
        /// How it goes on.
        decision: Decision,
        /// Who.
        who: String,
        /// Why.
        note: String,
    },
}

/// What of an instance somebody decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Everything that is parked.
    All,
    /// One parked step, or one parked item of a step.
    One {
        /// The step.
        step: StepIndex,
        /// Which item, where the step fans out.
        item: Option<u32>,
    },
}

/// How what is parked goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is tried again, with a new budget.
    Retry,
    /// Its compensation is given up.
    Skip,
    /// It succeeded, with this output.
    Succeeded(Payload),
    /// It had no effect, and will have none.
    Void,
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

/// What a pure method of a step said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Whether its condition holds.
    Holds(bool),
    /// Its items.
    Items(Vec<Payload>),
}

/// What has to be asked before a step goes on. The answer is a function of what is durable, so that asking
/// again after a crash does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Whether the step's condition holds.
    Condition(StepIndex),
    /// Which items the step has.
    Items(StepIndex),
}

/// What a step waits for that is its child's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChildNeed {
    /// The child is to run, and its end to be told as [`Input::StepEnded`].
    End,
    /// What the child did is to be taken back: it is reverted, or cancelled. That it is compensated, or never
    /// existed, is told as [`Input::CompensationEnded`].
    Compensation,
}
