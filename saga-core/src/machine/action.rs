//! What events ask for.

use crate::id::StepName;
use crate::journal::{CheckNext, CompensationNext, Event, Next};
use crate::time::Timestamp;

/// What a durable event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<'a> {
    /// Run an attempt of a step; of a child step, see that the child runs.
    RunStep {
        /// The step.
        step: &'a StepName,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt.
        attempt: u32,
    },
    /// Run an attempt of a check.
    RunCheck {
        /// The step.
        step: &'a StepName,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt of the check.
        attempt: u32,
    },
    /// Run an attempt of a compensation; of a child step, see that the child is taken back.
    RunCompensation {
        /// The step.
        step: &'a StepName,
        /// Which item, where the step fans out.
        item: Option<u32>,
        /// Which attempt of the compensation.
        attempt: u32,
    },
    /// Proceed at this time.
    WakeAt(Timestamp),
    /// Tell running attempts that their outcome is no longer wanted.
    CancelAttempts,
    /// The instance has ended.
    Finish,
}

impl<'a> Action<'a> {
    /// What `event` asks for once it is durable, if it asks for anything.
    pub fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::StepStarted { step, item, attempt } => {
                Some(Action::RunStep { step, item: *item, attempt: *attempt })
            }
            Event::CheckStarted { step, item, attempt } => {
                Some(Action::RunCheck { step, item: *item, attempt: *attempt })
            }
            Event::CompensationStarted { step, item, attempt } => {
                Some(Action::RunCompensation { step, item: *item, attempt: *attempt })
            }
            Event::StepDelayed { until, .. } | Event::SignalAwaited { until: Some(until), .. } => {
                Some(Action::WakeAt(*until))
            }
            Event::AttemptFailed { next, .. }
            | Event::AttemptLost { next, .. }
            | Event::CheckedVoid { next, .. } => match *next {
                Next::RetryAt(at) | Next::CheckAt(at) => Some(Action::WakeAt(at)),
                Next::Void | Next::InDoubt | Next::Park(_) => None,
            },
            Event::CheckFailed { next, .. } => match *next {
                CheckNext::CheckAt(at) => Some(Action::WakeAt(at)),
                CheckNext::InDoubt | CheckNext::Park(_) => None,
            },
            Event::CompensationFailed { next, .. } => match *next {
                CompensationNext::RetryAt(at) => Some(Action::WakeAt(at)),
                CompensationNext::Park(_) => None,
            },
            Event::CompensationDecided { .. } => Some(Action::CancelAttempts),
            Event::Completed | Event::Compensated => Some(Action::Finish),
            Event::SagaStarted { .. }
            | Event::ClockChanged
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::SignalAwaited { until: None, .. }
            | Event::SignalReceived { .. }
            | Event::SignalMissed { .. }
            | Event::ItemsListed { .. }
            | Event::StepSucceeded { .. }
            | Event::CompensationSucceeded { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. } => None,
        }
    }
}
