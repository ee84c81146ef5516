//! What is called, and what happens at a call.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::shape::{Kind, Shape, Slot};

/// How long a call takes that is late: longer than an instance has that has a deadline, but for a process that dies.
pub(crate) const LATE: Duration = Duration::from_secs(42);

/// How long the step of a message waits that may be missed: longer than two processes take to begin.
const WITHIN: Duration = Duration::from_secs(65);

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
    /// It takes its time, until the deadline of the instance has passed. Then it does its work and answers.
    Late,
    /// A pure method gives another answer than it should.
    Otherwise,
    /// The message is never sent.
    Silent,
    /// It is sent while it is waited for.
    Later,
    /// It is sent when the time to wait for it passes.
    AtTheLast,
    /// It is sent after that.
    TooLate,
    /// It is sent twice.
    Twice,
    /// It is sent, and then another one.
    Another,
}

impl Act {
    const NAMES: [(Self, &'static str); 19] = [
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
        (Self::Late, "late"),
        (Self::Otherwise, "otherwise"),
        (Self::Silent, "never"),
        (Self::Later, "later"),
        (Self::AtTheLast, "at-the-last"),
        (Self::TooLate, "too-late"),
        (Self::Twice, "twice"),
        (Self::Another, "another"),
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

    /// The same, where the instance has a deadline.
    const OF_STEPS_IN_TIME: [Self; 10] = [
        Self::Refuse,
        Self::NotDone,
        Self::LoseAnswer,
        Self::LoseRequest,
        Self::Hang,
        Self::HangBefore,
        Self::Panic,
        Self::PanicBefore,
        Self::Cancel,
        Self::Late,
    ];

    /// What may happen at a call of a check.
    const OF_CHECKS: [Self; 5] =
        [Self::Unknown, Self::LoseAnswer, Self::HangBefore, Self::PanicBefore, Self::Cancel];

    /// What may happen when a pure method is asked. That which gives a child its input is asked as often as it is
    /// looked after, and parks its step for as long as it is not pure.
    const OF_ASKING: [Self; 2] = [Self::PanicBefore, Self::Otherwise];

    /// What may happen to a message.
    const OF_MESSAGES: [Self; 6] =
        [Self::Later, Self::Twice, Self::Another, Self::Silent, Self::AtTheLast, Self::TooLate];

    /// What may happen at a call beside success.
    pub(crate) fn of<S: Shape>(method: Method, slot: Slot) -> &'static [Self] {
        let place = &S::PLACES[usize::from(slot.place)];
        match method {
            Method::Step | Method::Compensation if S::DEADLINE.is_some() => &Self::OF_STEPS_IN_TIME,
            Method::Step | Method::Compensation => &Self::OF_STEPS,
            Method::Check => &Self::OF_CHECKS,
            Method::Ask if place.kind == Kind::Child => &Self::OF_ASKING[..1],
            Method::Ask => &Self::OF_ASKING,
            Method::Message if place.may_be_missed => &Self::OF_MESSAGES,
            Method::Message => &Self::OF_MESSAGES[..3],
        }
    }

    /// How long the client waits before it sends its messages, and under which names it does.
    pub(crate) const fn messages(self) -> (Duration, &'static [&'static str]) {
        match self {
            Self::Silent => (Duration::ZERO, &[]),
            Self::Later => (Duration::from_secs(30), &["approved"]),
            Self::AtTheLast => (WITHIN, &["approved"]),
            Self::TooLate => (WITHIN.saturating_add(Duration::from_secs(5)), &["approved"]),
            Self::Twice => (Duration::ZERO, &["approved", "approved"]),
            Self::Another => (Duration::ZERO, &["approved", "approved-again"]),
            _ => (Duration::ZERO, &["approved"]),
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
    /// The pure method of it: its condition, its list of items, or its child's input.
    Ask,
    /// The message that it waits for.
    Message,
}

impl Method {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Step, Self::Compensation, Self::Check, Self::Ask, Self::Message];

    /// What follows the name of the step.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Step => "",
            Self::Compensation => "/compensate",
            Self::Check => "/check",
            Self::Ask => "/ask",
            Self::Message => "/message",
        }
    }
}
