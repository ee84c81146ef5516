//! What can become true of an instance.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::definition::ShapeId;
use crate::fault::FaultRecord;
use crate::id::{InstanceId, StepName};
use crate::journal::{
    Cause, CheckNext, CompensationNext, Loss, Next, ParkReason, Payload, ResolutionKind, TraceContext,
};
use crate::time::Timestamp;

/// A fact of an instance. Decisions are facts too: events carry what was decided (`next`), so that a changed
/// policy never changes the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The instance exists.
    SagaStarted {
        /// The saga's name.
        saga: Arc<str>,
        /// Its version.
        version: u32,
        /// Its shape.
        shape: ShapeId,
        /// The instance whose step it is, if it is a child.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<InstanceId>,
        /// The trace of whoever started it, if it has one. Nothing is decided by it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<TraceContext>,
        /// The instance's input.
        input: Payload,
    },
    /// The times up to here are those of another clock: of another process, or of this one before its clock was set.
    /// How long ago something was nobody knows any more, so what waits for safety, until no request can be travelling
    /// any more, waits anew from here; and where the clock has gone back, so does what began to wait at a time that is
    /// yet to come.
    ClockChanged,
    /// The condition of a step was asked, and does not hold: the step is done without an attempt.
    StepSkipped {
        /// The step.
        step: StepName,
    },
    /// The condition of a step was asked, and holds. It is not asked again.
    ConditionHeld {
        /// The step.
        step: StepName,
    },
    /// A step waits before it goes on.
    StepDelayed {
        /// The step.
        step: StepName,
        /// Until when.
        until: Timestamp,
    },
    /// A step waits for its message.
    SignalAwaited {
        /// The step.
        step: StepName,
        /// Until when, if it does not wait for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The message of a step came: while it was awaited, or earlier.
    SignalReceived {
        /// The step.
        step: StepName,
        /// The sender's name for the message.
        id: String,
        /// The message.
        payload: Payload,
    },
    /// The message of a step did not come in time.
    SignalMissed {
        /// The step.
        step: StepName,
        /// What was decided: `Void`, or `Park` where the instance only goes forward.
        next: Next,
    },
    /// The items of a step were listed. They are not listed again.
    ItemsListed {
        /// The step.
        step: StepName,
        /// The items: for each, the step is called by itself.
        items: Vec<Payload>,
    },
    /// An attempt of a step is under way: it may run once this is durable.
    StepStarted {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// A step succeeded: its attempt did, or its check found it done.
    StepSucceeded {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// What it returned.
        output: Payload,
    },
    /// An attempt of a step failed.
    AttemptFailed {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt.
        attempt: u32,
        /// How.
        fault: FaultRecord,
        /// What was decided.
        next: Next,
    },
    /// An attempt was running when the process died: it counts as an attempt, and is in doubt.
    AttemptLost {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt.
        attempt: u32,
        /// Whether it is to blame.
        #[serde(default)]
        loss: Loss,
        /// What was decided.
        next: Next,
    },
    /// A check of a step is under way.
    CheckStarted {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt of the check, from 1.
        attempt: u32,
    },
    /// A check found that nothing was done, and nothing will be.
    CheckedVoid {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// What was decided: `Void`, or `RetryAt` where the step must succeed.
        next: Next,
    },
    /// A check could not tell.
    CheckFailed {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt of the check.
        attempt: u32,
        /// Why, unless the service itself did not know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<FaultRecord>,
        /// Set if it was running when the process died: whether it is to blame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<Loss>,
        /// What was decided.
        next: CheckNext,
    },
    /// The instance is compensating from here on. Never taken back.
    CompensationDecided {
        /// Why.
        cause: Cause,
    },
    /// An attempt of a compensation is under way.
    CompensationStarted {
        /// The step that is compensated.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt of the compensation, from 1.
        attempt: u32,
    },
    /// A step is compensated.
    CompensationSucceeded {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
    },
    /// An attempt of a compensation failed.
    CompensationFailed {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Which attempt of the compensation.
        attempt: u32,
        /// How.
        fault: FaultRecord,
        /// Set if it was running when the process died: whether it is to blame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<Loss>,
        /// What was decided.
        next: CompensationNext,
    },
    /// The instance is parked at a step for a reason that is not an attempt's.
    Parked {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// Why.
        reason: ParkReason,
        /// Why, in words.
        message: String,
    },
    /// Somebody decided how what is parked goes on.
    Resolved {
        /// The step.
        step: StepName,
        /// Which item, where the step fans out, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// How it goes on.
        how: ResolutionKind,
        /// Who decided.
        who: String,
        /// Why.
        note: String,
    },
    /// Every step succeeded.
    Completed,
    /// Everything that may have had an effect is compensated.
    Compensated,
}

impl Event {
    /// The event's name, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SagaStarted { .. } => "SagaStarted",
            Self::ClockChanged => "ClockChanged",
            Self::StepSkipped { .. } => "StepSkipped",
            Self::ConditionHeld { .. } => "ConditionHeld",
            Self::StepDelayed { .. } => "StepDelayed",
            Self::SignalAwaited { .. } => "SignalAwaited",
            Self::SignalReceived { .. } => "SignalReceived",
            Self::SignalMissed { .. } => "SignalMissed",
            Self::ItemsListed { .. } => "ItemsListed",
            Self::StepStarted { .. } => "StepStarted",
            Self::StepSucceeded { .. } => "StepSucceeded",
            Self::AttemptFailed { .. } => "AttemptFailed",
            Self::AttemptLost { .. } => "AttemptLost",
            Self::CheckStarted { .. } => "CheckStarted",
            Self::CheckedVoid { .. } => "CheckedVoid",
            Self::CheckFailed { .. } => "CheckFailed",
            Self::CompensationDecided { .. } => "CompensationDecided",
            Self::CompensationStarted { .. } => "CompensationStarted",
            Self::CompensationSucceeded { .. } => "CompensationSucceeded",
            Self::CompensationFailed { .. } => "CompensationFailed",
            Self::Parked { .. } => "Parked",
            Self::Resolved { .. } => "Resolved",
            Self::Completed => "Completed",
            Self::Compensated => "Compensated",
        }
    }

    /// The step it is about; `None` if it is about the instance as a whole.
    pub const fn step(&self) -> Option<&StepName> {
        match self {
            Self::StepSkipped { step }
            | Self::ConditionHeld { step }
            | Self::StepDelayed { step, .. }
            | Self::SignalAwaited { step, .. }
            | Self::SignalReceived { step, .. }
            | Self::SignalMissed { step, .. }
            | Self::ItemsListed { step, .. }
            | Self::StepStarted { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::AttemptFailed { step, .. }
            | Self::AttemptLost { step, .. }
            | Self::CheckStarted { step, .. }
            | Self::CheckedVoid { step, .. }
            | Self::CheckFailed { step, .. }
            | Self::CompensationStarted { step, .. }
            | Self::CompensationSucceeded { step, .. }
            | Self::CompensationFailed { step, .. }
            | Self::Parked { step, .. }
            | Self::Resolved { step, .. } => Some(step),
            Self::SagaStarted { .. }
            | Self::ClockChanged
            | Self::CompensationDecided { .. }
            | Self::Completed
            | Self::Compensated => None,
        }
    }

    /// Which item of its step it is about; `None` if it is about the step as a whole, or about none.
    pub const fn item(&self) -> Option<u32> {
        match self {
            Self::StepStarted { item, .. }
            | Self::StepSucceeded { item, .. }
            | Self::AttemptFailed { item, .. }
            | Self::AttemptLost { item, .. }
            | Self::CheckStarted { item, .. }
            | Self::CheckedVoid { item, .. }
            | Self::CheckFailed { item, .. }
            | Self::CompensationStarted { item, .. }
            | Self::CompensationSucceeded { item, .. }
            | Self::CompensationFailed { item, .. }
            | Self::Parked { item, .. }
            | Self::Resolved { item, .. } => *item,
            Self::SagaStarted { .. }
            | Self::ClockChanged
            | Self::StepSkipped { .. }
            | Self::ConditionHeld { .. }
            | Self::StepDelayed { .. }
            | Self::SignalAwaited { .. }
            | Self::SignalReceived { .. }
            | Self::SignalMissed { .. }
            | Self::ItemsListed { .. }
            | Self::CompensationDecided { .. }
            | Self::Completed
            | Self::Compensated => None,
        }
    }
}
