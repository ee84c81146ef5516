//! What is seen of a run: everything that was called, done, written and told, in order.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use sagas::journal::{Entry, InstanceState};

use super::place::{Life, Method, Slot, Who};
use super::services::Done;
use crate::print::{Print, print_event};

/// Something that is seen.
#[derive(Debug, Clone, Hash)]
pub(crate) enum Seen {
    /// A process begins to call a service. Its request is sent once it `runs`, which it does not where it stands still.
    Called { life: Life, slot: Slot, method: Method, attempt: u32, way: Way, runs: bool },
    /// A request arrived at its service.
    Arrived { slot: Slot, method: Method, done: Done },
    /// A call has ended for its caller.
    Ended { life: Life, slot: Slot, method: Method },
    /// A step was called without the output of a step before it, or with another one.
    WrongOutput { slot: Slot, before: u8 },
    /// An entry became durable. `row` is the row's state, if the write said so.
    Wrote { life: Life, who: Who, entry: Written, row: Option<InstanceState> },
    /// A signal became durable.
    Signalled { who: Who, id: String },
    /// An instance was marked as unreadable.
    Unreadable { who: Who },
    /// A stay began.
    Joined { life: Life, epoch: u64 },
    /// A worker was told that its stay has ended.
    ToldLost { life: Life, epoch: u64 },
    /// Instances were handed out.
    HandedOut { life: Life, epoch: u64, who: Vec<Who> },
    /// A client or a person was told something.
    Told { who: Who, what: Told },
    /// The store failed.
    StoreFailed { life: Life, what: &'static str },
    /// Something befell a process.
    Befell { life: Life, what: &'static str },
    /// The weather is over: from here on nothing fails any more.
    Calm,
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// As it should.
    Well,
    /// The service refuses.
    Refused,
    /// The service says that it did nothing.
    NotDone,
    /// The service did it, and the answer is lost.
    AnswerLost,
    /// The request is lost, and the caller has an error.
    RequestLost,
    /// The service did it, and does not answer.
    Hangs,
    /// The request is lost, and nobody answers.
    HangsBefore,
    /// The service did it, and the caller panics.
    Panics,
    /// The caller panics once the request is sent.
    PanicsBefore,
    /// The request travels for so long that its caller has given up.
    Late,
    /// The call takes long.
    Slow,
    /// The service does not know.
    Unknown,
}

/// An entry with a short name of its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) entry: Arc<Entry>,
    pub(crate) bytes: u64,
}

impl Hash for Written {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.bytes, self.entry.at).hash(hasher);
    }
}

/// What somebody was told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// The instance is started with this input.
    Started(u32),
    /// It is there with another input than this one.
    Conflict(u32),
    /// The signal is sent.
    Signalled(String),
    /// It is cancelled.
    Cancelled,
    /// It is being reverted.
    Reverted,
    /// What is parked goes on.
    Resolved,
    /// It completed, with this output.
    Completed(u32),
    /// It compensated.
    Compensated,
    /// It is parked.
    Parked,
    /// It cannot go on where it was asked for.
    Stopped(String),
    /// Nothing of what was asked for.
    Refused(&'static str),
}

/// The names of what was seen: with all times, and without any.
pub(crate) fn prints(all: &[(Duration, Seen)]) -> (u64, u64) {
    let (mut whole, mut timeless) = (Print::default(), Print::default());
    for (at, seen) in all {
        at.hash(&mut whole);
        seen.hash(&mut whole);
        seen.print(&mut timeless);
    }
    (whole.finish(), timeless.finish())
}

impl Seen {
    /// A short name of this: equal for what is the same, whenever it happens.
    pub(crate) fn print(&self, print: &mut Print) {
        match self {
            Self::Wrote { life, who, entry, row } => {
                (life, who, row).hash(print);
                entry.entry.events.iter().for_each(|event| print_event(event, print));
            }
            other => other.hash(print),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Called { life, slot, method, attempt, way, .. } => {
                write!(f, "{life}  {method} {slot} #{attempt}: {way:?}")
            }
            Self::Arrived { slot, method, done } => write!(f, "service: {method} {slot}: {done:?}"),
            Self::Ended { life, slot, method } => write!(f, "{life}  {method} {slot} ended"),
            Self::WrongOutput { slot, before } => {
                write!(f, "{slot} was called without the output of s{before}")
            }
            Self::Wrote { life, who, entry, row } => {
                write!(f, "{life}  wrote {who} {} (epoch {}):", entry.entry.seq, entry.entry.epoch.get())?;
                entry.entry.events.iter().try_for_each(|event| write!(f, " {}", line(event)))?;
                row.map_or(Ok(()), |row| write!(f, " [{row}]"))
            }
            Self::Signalled { who, id } => write!(f, "store: signal {id} of {who}"),
            Self::Unreadable { who } => write!(f, "store: {who} is unreadable"),
            Self::Joined { life, epoch } => write!(f, "{life}  begins stay {epoch}"),
            Self::ToldLost { life, epoch } => write!(f, "{life}  is told that stay {epoch} has ended"),
            Self::HandedOut { life, epoch, who } => {
                write!(f, "{life}  is handed out under {epoch}:")?;
                who.iter().try_for_each(|who| write!(f, " {who}"))
            }
            Self::Told { who, what } => write!(f, "client: {who}: {what:?}"),
            Self::StoreFailed { life, what } => write!(f, "{life}  store: {what}"),
            Self::Befell { life, what } => write!(f, "{life}  {what}"),
            Self::Calm => f.write_str("the weather is over"),
        }
    }
}

/// An event on one line.
fn line(event: &sagas::journal::Event) -> String {
    use sagas::journal::Event;
    let name = event.name();
    let at = match (event.step(), event.item()) {
        (Some(step), Some(item)) => format!("({step}/{item})"),
        (Some(step), None) => format!("({step})"),
        _ => String::new(),
    };
    let more = match event {
        Event::AttemptFailed { attempt, fault, next, .. } => {
            format!("#{attempt} {:?} -> {next:?}", fault.kind)
        }
        Event::AttemptLost { attempt, loss, next, .. } => format!("#{attempt} {loss:?} -> {next:?}"),
        Event::CheckFailed { attempt, next, .. } => format!("#{attempt} -> {next:?}"),
        Event::CompensationFailed { attempt, next, .. } => format!("#{attempt} -> {next:?}"),
        Event::CheckedVoid { next, .. } | Event::SignalMissed { next, .. } => format!("-> {next:?}"),
        Event::StepStarted { attempt, .. }
        | Event::CheckStarted { attempt, .. }
        | Event::CompensationStarted { attempt, .. } => format!("#{attempt}"),
        Event::CompensationDecided { cause } => format!("({:?})", cause.kind),
        Event::Resolved { how, .. } => format!("{how:?}"),
        Event::Parked { reason, .. } => format!("{reason:?}"),
        Event::ItemsListed { items, .. } => format!("{}", items.len()),
        _ => String::new(),
    };
    format!("{name}{at}{more}")
}
