//! Whether an instance may start what is ready.

use crate::id::StepIndex;

/// What an orchestrator lets an instance start.
pub trait Gate {
    /// Whether anything may start. While it is closed the machine only records what it is told: the instance is
    /// queued, or the orchestrator is shutting down.
    fn is_open(&self) -> bool;

    /// Whether an attempt of `step`, which has a limit of attempts at once, may start. Asked last: on `true` it
    /// does start. What is refused stays ready, and is asked for again at the next input.
    fn may_start(&mut self, step: StepIndex) -> bool;
}

/// A [`Gate`] that knows no limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everything starts.
    Go,
    /// Nothing starts.
    Hold,
}

impl Gate for Pace {
    fn is_open(&self) -> bool {
        match self {
            Self::Go => true,
            Self::Hold => false,
        }
    }

    fn may_start(&mut self, _step: StepIndex) -> bool {
        true
    }
}
