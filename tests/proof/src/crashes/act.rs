//! What is called, and what happens at a call.

use std::fmt;
use std::str::FromStr;

/// What a service does at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Act {
    /// It does its work and answers.
    Succeed,
    /// It refuses.
    Refuse,
    /// It does nothing, and says so.
    NotDone,
    /// It does its work, and its answer is lost.
    LoseAnswer,
    /// Its request is lost, or still travelling.
    LoseRequest,
    /// It does its work and never answers.
    Hang,
    /// Its request travels for ever, and nobody answers.
    HangBefore,
    /// It does its work, and its caller panics.
    Panic,
    /// Its request was sent, and its caller panics.
    PanicBefore,
    /// It does not know what it has done.
    Unknown,
    /// Meanwhile the client cancels the instance. Then it does its work and answers.
    Cancel,
}

impl Act {
    const NAMES: [(Self, &'static str); 11] = [
        (Self::Succeed, "ok"),
        (Self::Refuse, "refused"),
        (Self::NotDone, "not-done"),
        (Self::LoseAnswer, "failed-done"),
        (Self::LoseRequest, "failed"),
        (Self::Hang, "timeout-done"),
        (Self::HangBefore, "timeout"),
        (Self::Panic, "panic-done"),
        (Self::PanicBefore, "panic"),
        (Self::Unknown, "unknown"),
        (Self::Cancel, "cancelled"),
    ];

    /// What may happen at a call of a step or of a compensation.
    const OF_STEPS: [Self; 9] = [
        Self::Refuse,
        Self::NotDone,
        Self::LoseAnswer,
        Self::LoseRequest,
        Self::Hang,
        Self::HangBefore,
        Self::Panic,
        Self::PanicBefore,
        Self::Cancel,
    ];

    /// What may happen at a call of a check.
    const OF_CHECKS: [Self; 5] =
        [Self::Unknown, Self::LoseAnswer, Self::HangBefore, Self::PanicBefore, Self::Cancel];

    /// What may happen at a call beside success.
    pub(crate) const fn of(method: Method) -> &'static [Self] {
        match method {
            Method::Step | Method::Compensation => &Self::OF_STEPS,
            Method::Check => &Self::OF_CHECKS,
        }
    }

    /// Whether the caller panics.
    pub(crate) const fn panics(self) -> bool {
        matches!(self, Self::Panic | Self::PanicBefore)
    }

    /// Whether the request does what it would have done without this, so that only the answer is another.
    pub(crate) const fn is_of_answer(self) -> bool {
        matches!(self, Self::LoseAnswer | Self::Hang | Self::Panic)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(act, _)| act == self).map_or("?", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Act {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(_, name)| *name == text).map(|(act, _)| *act);
        found.ok_or_else(|| format!("no service does {text:?}"))
    }
}

/// What of a step is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Method {
    /// The step itself.
    Step,
    /// Its compensation.
    Compensation,
    /// Its check.
    Check,
}

impl Method {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Step, Self::Compensation, Self::Check];

    /// What follows the name of the step.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Step => "",
            Self::Compensation => "/compensate",
            Self::Check => "/check",
        }
    }
}
