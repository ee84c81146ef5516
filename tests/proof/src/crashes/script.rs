//! What the services and the client do: as they should, but at one or two moments.

use std::fmt;
use std::str::FromStr;

use super::shape::{Place, Slot};

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
    const fn panics(self) -> bool {
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

/// A moment at which something does not go as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deviation {
    /// A call does not go well.
    Call {
        /// Of which step.
        slot: Slot,
        /// Of what of it.
        method: Method,
        /// Which call of it, from 1, over all lives.
        call: u8,
        /// What happens.
        act: Act,
    },
    /// The client cancels the instance once so many appends are durable, over all lives.
    Cancel {
        /// How many.
        appends: u16,
    },
    /// The client has the instance taken back once it has completed.
    Revert,
    /// The store acknowledges the append of this number, and loses it. No store may do that: it shows that it would be
    /// seen.
    Lose {
        /// Which append.
        append: u16,
    },
}

/// What does not go as it should.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Script {
    /// The moments, in their order.
    pub(crate) deviations: Vec<Deviation>,
}

impl Script {
    /// What happens at the call of this number.
    pub(crate) fn act(&self, at: (Slot, Method, u8)) -> Act {
        let act = self.deviations.iter().find_map(|deviation| match deviation {
            Deviation::Call { slot, method, call, act } if (*slot, *method, *call) == at => Some(*act),
            _ => None,
        });
        act.unwrap_or(Act::Succeed)
    }

    /// Whether the client cancels after so many appends.
    pub(crate) fn cancels_after(&self, appends: u16) -> bool {
        self.deviations.contains(&Deviation::Cancel { appends })
    }

    /// Whether the store loses the append of this number.
    pub(crate) fn loses(&self, append: u16) -> bool {
        self.deviations.contains(&Deviation::Lose { append })
    }

    /// Whether the client has the instance taken back once it has completed.
    pub(crate) fn reverts(&self) -> bool {
        self.deviations.contains(&Deviation::Revert)
    }

    /// Whether a caller panics, or a client does not let the instance go its way.
    pub(crate) fn is_disturbing(&self) -> bool {
        self.has_panic() || self.has_cancel() || self.reverts()
    }

    /// Whether the client cancels.
    pub(crate) fn has_cancel(&self) -> bool {
        self.deviations.iter().any(|deviation| match deviation {
            Deviation::Cancel { .. } => true,
            Deviation::Revert | Deviation::Lose { .. } => false,
            Deviation::Call { act, .. } => *act == Act::Cancel,
        })
    }

    /// Whether a caller panics.
    fn has_panic(&self) -> bool {
        self.deviations.iter().any(|deviation| match deviation {
            Deviation::Cancel { .. } | Deviation::Revert | Deviation::Lose { .. } => false,
            Deviation::Call { act, .. } => act.panics(),
        })
    }

    /// This, and then one more.
    pub(crate) fn and(&self, deviation: Deviation) -> Self {
        let mut deviations = self.deviations.clone();
        deviations.push(deviation);
        Self { deviations }
    }

    /// The script as text, such as `a=refused,b/0/compensate#2=timeout,cancel@7`.
    pub(crate) fn to_text(&self, places: &[Place]) -> String {
        let texts = self.deviations.iter().map(|deviation| match deviation {
            Deviation::Call { slot, method, call, act } => {
                let item = slot.item.map(|item| format!("/{item}")).unwrap_or_default();
                let call = if *call == 1 { String::new() } else { format!("#{call}") };
                format!("{}{item}{}{call}={act}", places[usize::from(slot.place)].step, method.suffix())
            }
            Deviation::Cancel { appends } => format!("cancel@{appends}"),
            Deviation::Revert => "revert".to_owned(),
            Deviation::Lose { append } => format!("lose@{append}"),
        });
        texts.collect::<Vec<_>>().join(",")
    }

    /// The script of a text.
    pub(crate) fn parse(text: &str, places: &[Place]) -> Result<Self, String> {
        let deviations = text.split(',').filter(|part| !part.is_empty()).map(|part| parse_one(part, places));
        Ok(Self { deviations: deviations.collect::<Result<_, _>>()? })
    }
}

fn parse_one(part: &str, places: &[Place]) -> Result<Deviation, String> {
    let wrong = || format!("{part:?} is not like a=refused, b/0/compensate#2=timeout or cancel@7");
    if let Some(appends) = part.strip_prefix("cancel@") {
        return Ok(Deviation::Cancel { appends: appends.parse().map_err(|_| wrong())? });
    }
    if part == "revert" {
        return Ok(Deviation::Revert);
    }
    if let Some(append) = part.strip_prefix("lose@") {
        return Ok(Deviation::Lose { append: append.parse().map_err(|_| wrong())? });
    }
    let (what, act) = part.split_once('=').ok_or_else(wrong)?;
    let (what, call) = what.split_once('#').unwrap_or((what, "1"));
    let method = Method::ALL.into_iter().rev().find(|method| what.ends_with(method.suffix()));
    let method = method.ok_or_else(wrong)?;
    let what = what.strip_suffix(method.suffix()).ok_or_else(wrong)?;
    let (step, item) = match what.split_once('/') {
        Some((step, item)) => (step, Some(item.parse().map_err(|_| wrong())?)),
        None => (what, None),
    };
    let slot = Slot::find(places, |_| true, step, item).ok_or_else(|| format!("there is no step {step}"))?;
    Ok(Deviation::Call { slot, method, call: call.parse().map_err(|_| wrong())?, act: act.parse()? })
}
