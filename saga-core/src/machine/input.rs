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
    /// The clock is another one than that of the last entry: the instance was read back by another process, or the
    /// clock was set. Bring it before all else that is new.
    ClockChanged,
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

/// How what is parked goes on. Retry and Skip may be said of everything that is parked, the others of one step or
/// item. A decision that does not fit one of those that it is said of is refused for all of them.
///
/// | parked | Retry | Skip | Succeeded | Void |
/// | --- | --- | --- | --- | --- |
/// | going forward, in doubt | yes | no | yes | yes |
/// | going forward, not in doubt, before the pivot | yes | no | no | no |
/// | going forward, not in doubt, the pivot or after it | yes | no | yes | no |
/// | to be settled before it is compensated | yes | yes | yes | yes |
/// | its compensation, the step in doubt | yes | yes | yes | yes |
/// | its compensation, the step succeeded | yes | yes | no | no |
/// | a value cannot be read, while compensating | yes | no | no | no |
/// | a child whose end is awaited | yes | no | no | no |
/// | a child that is to be taken back | yes | yes | no | no |
///
/// In doubt is what was called, and of which nobody knows what became: parked as
/// [`InDoubt`](ParkReason::InDoubt), or as [`BudgetSpent`](ParkReason::BudgetSpent),
/// [`CrashLoop`](ParkReason::CrashLoop) or [`Refused`](ParkReason::Refused) after an attempt in doubt. Not in doubt
/// is the rest: what was never called ([`Panicked`](ParkReason::Panicked), [`Decode`](ParkReason::Decode),
/// [`TooManyItems`](ParkReason::TooManyItems)), what has succeeded and cannot be read, and what was plainly refused.
/// Void would say nothing new of it: before the pivot the way back is to cancel the instance. A step that fans out
/// has no output of its own, so Succeeded can be said of its items only; and it can be said of nothing that has
/// succeeded, or of which those before it are not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is tried again, with a new budget. Who says so of a call in doubt that may not be repeated has looked.
    Retry,
    /// Its compensation is given up, or what has to come before it: it counts as compensated. An effect that it has
    /// is left standing, and the step is listed in [`Failure::skipped`](crate::outcome::Failure::skipped).
    Skip,
    /// It succeeded, with this output. If the instance compensates, it is compensated with that.
    Succeeded(Payload),
    /// It had no effect, and will have none. A retriable step is called again, with a new budget; of any other that is
    /// the instance's failure, also of the pivot. If the instance compensates already, there is nothing to compensate.
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
