//! What the services and the client do: as they should, but at one or two moments.

use std::fmt;

use super::act::{Act, Method};
use super::recorder::Life;
use super::seen::Seen;
use super::shape::{Place, Shape, Slot};

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
    /// The client wishes something once so many appends are durable, over all lives.
    Wish {
        /// What.
        wish: Wish,
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

impl Deviation {
    /// Whether it is one of those that are gone through, wherever they occur.
    pub(crate) fn may_be<S: Shape>(&self) -> bool {
        match self {
            Self::Call { slot, method, act, .. } => Act::of::<S>(*method, *slot).contains(act),
            Self::Wish { .. } | Self::Revert | Self::Lose { .. } => true,
        }
    }

    /// Whether it occurs in a life of which so much is seen, and something is seen after it.
    pub(crate) fn occurs(&self, life: &Life, seen: usize) -> bool {
        let has_appended = |number: u16, seen_max: usize| {
            life.appends.iter().any(|(seen, appends)| *appends == number && *seen <= seen_max)
        };
        match *self {
            Self::Call { slot, method, call, act } => life.seen.iter().take(seen).any(|seen| match *seen {
                Seen::Called { slot: of, method: what, call: number, act: does, .. }
                | Seen::Asked { slot: of, method: what, call: number, act: does } => {
                    (of, what, number, does) == (slot, method, call, act)
                }
                _ => false,
            }),
            Self::Wish { appends, .. } => has_appended(appends, seen.saturating_sub(1)),
            Self::Lose { append } => has_appended(append, seen),
            Self::Revert => life.completed().is_some_and(|at| at + 1 < seen),
        }
    }
}

/// What a client may wish at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    /// To cancel the instance.
    Cancel,
    /// To shut the orchestrator down. Another process goes on.
    ShutDown,
    /// To have nothing more to do with it: he drops whatever he waits for. Then he comes back, and begins anew.
    Leave,
}

impl Wish {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Cancel, Self::ShutDown, Self::Leave];

    /// For how many faults it counts. What changes nothing of an instance but who drives it counts as two, so that it is
    /// gone through together with any two others, and not with three.
    pub(crate) const fn weight(self) -> usize {
        match self {
            Self::Cancel => 1,
            Self::ShutDown | Self::Leave => 2,
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancel => "cancel",
            Self::ShutDown => "shutdown",
            Self::Leave => "leave",
        })
    }
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

    /// What the client wishes after so many appends.
    pub(crate) fn wishes_after(&self, appends: u16) -> impl Iterator<Item = Wish> + '_ {
        self.deviations.iter().filter_map(move |deviation| match deviation {
            Deviation::Wish { wish, appends: after } if *after == appends => Some(*wish),
            _ => None,
        })
    }

    /// Whether the store loses the append of this number.
    pub(crate) fn loses(&self, append: u16) -> bool {
        self.deviations.contains(&Deviation::Lose { append })
    }

    /// Whether the client has the instance taken back once it has completed.
    pub(crate) fn reverts(&self) -> bool {
        self.deviations.contains(&Deviation::Revert)
    }

    /// Whether the client ever wishes this.
    pub(crate) fn wishes(&self, wish: Wish) -> bool {
        self.deviations.iter().any(|deviation| match deviation {
            Deviation::Wish { wish: other, .. } => *other == wish,
            Deviation::Call { act, .. } => wish == Wish::Cancel && *act == Act::Cancel,
            Deviation::Revert | Deviation::Lose { .. } => false,
        })
    }

    /// Whether a caller panics, or a client does not let the instance go its way.
    pub(crate) fn is_disturbing(&self) -> bool {
        self.deviations.iter().any(|deviation| match deviation {
            Deviation::Wish { .. } | Deviation::Revert => true,
            Deviation::Call { act, .. } => act.panics() || *act == Act::Cancel,
            Deviation::Lose { .. } => false,
        })
    }

    /// For how many faults it counts.
    pub(crate) fn weight(&self) -> usize {
        let weights = self.deviations.iter().map(|deviation| match deviation {
            Deviation::Wish { wish, .. } => wish.weight(),
            Deviation::Call { .. } | Deviation::Revert | Deviation::Lose { .. } => 1,
        });
        weights.sum()
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
            Deviation::Wish { wish, appends } => format!("{wish}@{appends}"),
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
    if part == "revert" {
        return Ok(Deviation::Revert);
    }
    if let Some(append) = part.strip_prefix("lose@") {
        return Ok(Deviation::Lose { append: append.parse().map_err(|_| wrong())? });
    }
    if let Some((wish, appends)) = part.split_once('@') {
        let wish = Wish::ALL.into_iter().find(|other| other.to_string() == wish).ok_or_else(wrong)?;
        return Ok(Deviation::Wish { wish, appends: appends.parse().map_err(|_| wrong())? });
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
