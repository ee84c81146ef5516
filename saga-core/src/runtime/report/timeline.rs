//! What happened to an instance, in order.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::ReportedEntry;
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepName;
use crate::journal::{
    CheckNext, CompensationNext, Event, FailureKind, Loss, Next, ParkReason, ResolutionKind,
};
use crate::time::Timestamp;

/// Something that happened to an instance.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Happening {
    /// When; if it took time, when it began.
    pub at: SystemTime,
    /// The step; none if it concerns the instance as a whole.
    pub step: Option<StepName>,
    /// Which item, where the step fans out, from 0.
    pub item: Option<u32>,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Happened {
    /// The instance was started.
    Started,
    /// The times from here on are those of another clock, and something that waits for safety waits anew: it was read
    /// back by another process, or the clock was set.
    ClockChanged,
    /// A method of the step was called.
    Called {
        /// Which method.
        method: Method,
        /// Which attempt of it, from 1.
        attempt: u32,
        /// How it ended; none as long as it is under way.
        ending: Option<Ending>,
    },
    /// The step's condition did not hold.
    Skipped,
    /// The step waits until then.
    Delayed {
        /// Until when.
        until: SystemTime,
    },
    /// The step waits for its signal.
    Awaited {
        /// Until when, if it does not wait for ever.
        until: Option<SystemTime>,
    },
    /// Its signal came.
    Received {
        /// The signal's id.
        signal: String,
    },
    /// Its signal did not come in time.
    Missed,
    /// The step runs once for each of so many items.
    Listed {
        /// How many.
        items: usize,
    },
    /// From here on the instance is compensated.
    Decided {
        /// Why.
        kind: FailureKind,
        /// Who cancelled or reverted it.
        who: Option<String>,
        /// Why, in words.
        message: String,
    },
    /// A person has to say how it goes on.
    Parked {
        /// Why.
        reason: ParkReason,
        /// Why, in words.
        message: String,
    },
    /// A person has said how it goes on.
    Resolved {
        /// How.
        how: ResolutionKind,
        /// Who.
        who: String,
        /// Why.
        note: String,
    },
    /// The instance completed.
    Completed,
    /// The instance is compensated.
    Compensated,
}

/// A method of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// The step itself.
    Step,
    /// Its check.
    Check,
    /// Its compensation.
    Compensation,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ending {
    /// When; none if nobody knows, since the process died.
    pub at: Option<SystemTime>,
    /// How.
    pub result: AttemptResult,
    /// The error's stable word, if it failed and has one.
    pub code: Option<String>,
    /// The error's text, if it failed.
    pub message: Option<String>,
    /// When the next attempt was to start, if there was to be one.
    pub next_at: Option<SystemTime>,
}

/// In one word, how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptResult {
    /// It succeeded; a check found the step done.
    Succeeded,
    /// The service refused.
    Rejected,
    /// Nothing was done.
    NotDone,
    /// It may have been done.
    InDoubt,
    /// A check found that nothing was done, and will not be.
    FoundVoid,
    /// A check found that the service does not know.
    Unknown,
    /// The process died.
    Lost,
}

impl Happening {
    /// How long it took, if it took time and has ended.
    pub fn duration(&self) -> Option<Duration> {
        match &self.what {
            // A clock that was set back makes it none.
            Happened::Called { ending: Some(Ending { at: Some(ended_at), .. }), .. } => {
                Some(ended_at.duration_since(self.at).unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// What the entries that can be read tell.
pub(super) fn of(journal: &[ReportedEntry]) -> Vec<Happening> {
    let mut timeline = Timeline::default();
    for entry in journal {
        for event in entry.events.iter().flatten() {
            timeline.note(event, entry.at);
        }
    }
    timeline.happenings
}

/// What is called by itself.
type Place = (StepName, Option<u32>);

#[derive(Default)]
struct Timeline {
    happenings: Vec<Happening>,
    /// The attempts that are under way, by their places among the happenings.
    open: HashMap<Place, usize>,
}

impl Timeline {
    fn note(&mut self, event: &Event, at: SystemTime) {
        let place = event.step().map(|step| (step.clone(), event.item()));
        match event {
            Event::SagaStarted { .. } => self.push(at, place, Happened::Started),
            Event::StepSkipped { .. } => self.push(at, place, Happened::Skipped),
            // It says nothing that the attempt after it does not.
            Event::ConditionHeld { .. } => {}
            Event::StepDelayed { until, .. } => {
                self.push(at, place, Happened::Delayed { until: (*until).into() });
            }
            Event::SignalAwaited { until, .. } => {
                self.push(at, place, Happened::Awaited { until: until.map(SystemTime::from) });
            }
            Event::SignalReceived { id, .. } => {
                self.push(at, place, Happened::Received { signal: id.clone() });
            }
            Event::SignalMissed { next, .. } => {
                self.push(at, place.clone(), Happened::Missed);
                self.parks(at, place, parked_by(next));
            }
            Event::ItemsListed { items, .. } => self.push(at, place, Happened::Listed { items: items.len() }),
            Event::CompensationDecided { cause } => {
                let (who, message) = (cause.who.clone(), cause.message.clone());
                self.push(at, None, Happened::Decided { kind: cause.kind, who, message });
            }
            Event::Parked { reason, message, .. } => {
                self.push(at, place, Happened::Parked { reason: *reason, message: message.clone() });
            }
            Event::Resolved { how, who, note, .. } => {
                let (who, note) = (who.clone(), note.clone());
                self.push(at, place, Happened::Resolved { how: *how, who, note });
            }
            Event::ClockChanged => self.push(at, None, Happened::ClockChanged),
            Event::Completed => self.push(at, place, Happened::Completed),
            Event::Compensated => self.push(at, place, Happened::Compensated),
            Event::StepStarted { attempt, .. } => self.starts(at, place, Method::Step, *attempt),
            Event::CheckStarted { attempt, .. } => self.starts(at, place, Method::Check, *attempt),
            Event::CompensationStarted { attempt, .. } => {
                self.starts(at, place, Method::Compensation, *attempt);
            }
            Event::StepSucceeded { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationSucceeded { .. }
            | Event::CompensationFailed { .. } => self.ends(event, at, place),
        }
    }

    /// An attempt ends, as `event` tells.
    fn ends(&mut self, event: &Event, at: SystemTime, place: Option<Place>) {
        let (ending, reason) = match event {
            Event::AttemptFailed { fault, next, .. } => {
                (failed(at, fault, None).again(retried_by(next)), parked_by(next))
            }
            Event::AttemptLost { next, loss, .. } => (lost(*loss).again(retried_by(next)), parked_by(next)),
            Event::CheckedVoid { next, .. } => {
                (Ending::new(Some(at), AttemptResult::FoundVoid).again(retried_by(next)), parked_by(next))
            }
            Event::CheckFailed { fault, next, lost, .. } => {
                let ending = match fault {
                    Some(fault) => failed(at, fault, *lost),
                    None => Ending::new(Some(at), AttemptResult::Unknown),
                };
                let (again, reason) = match next {
                    CheckNext::CheckAt(at) => (Some(*at), None),
                    CheckNext::Park(reason) => (None, Some(*reason)),
                    CheckNext::InDoubt => (None, None),
                };
                (ending.again(again), reason)
            }
            Event::CompensationFailed { fault, next, lost, .. } => {
                let (again, reason) = match next {
                    CompensationNext::RetryAt(at) => (Some(*at), None),
                    CompensationNext::Park(reason) => (None, Some(*reason)),
                };
                (failed(at, fault, *lost).again(again), reason)
            }
            _ => (Ending::new(Some(at), AttemptResult::Succeeded), None),
        };
        let open = place.as_ref().and_then(|place| self.open.remove(place));
        let happening = open.and_then(|open| self.happenings.get_mut(open));
        if let Some(Happened::Called { ending: is_to_end, .. }) = happening.map(|of| &mut of.what) {
            *is_to_end = Some(ending);
        }
        self.parks(at, place, reason);
    }

    fn starts(&mut self, at: SystemTime, place: Option<Place>, method: Method, attempt: u32) {
        if let Some(place) = &place {
            self.open.insert(place.clone(), self.happenings.len());
        }
        self.push(at, place, Happened::Called { method, attempt, ending: None });
    }

    fn parks(&mut self, at: SystemTime, place: Option<Place>, reason: Option<ParkReason>) {
        if let Some(reason) = reason {
            // The attempt just before says why in words.
            self.push(at, place, Happened::Parked { reason, message: String::new() });
        }
    }

    fn push(&mut self, at: SystemTime, place: Option<Place>, what: Happened) {
        let (step, item) = place.map_or((None, None), |(step, item)| (Some(step), item));
        self.happenings.push(Happening { at, step, item, what });
    }
}

impl Ending {
    fn new(at: Option<SystemTime>, result: AttemptResult) -> Self {
        Self { at, result, code: None, message: None, next_at: None }
    }

    fn again(self, at: Option<Timestamp>) -> Self {
        Self { next_at: at.map(SystemTime::from), ..self }
    }
}

fn failed(at: SystemTime, fault: &FaultRecord, is_lost: Option<Loss>) -> Ending {
    if let Some(loss) = is_lost {
        return lost(loss);
    }
    let result = match fault.kind {
        FaultKind::Rejected => AttemptResult::Rejected,
        FaultKind::NotDone => AttemptResult::NotDone,
        FaultKind::InDoubt => AttemptResult::InDoubt,
    };
    let (code, message) = (fault.code.clone(), Some(fault.message.clone()));
    Ending { code, message, ..Ending::new(Some(at), result) }
}

fn lost(loss: Loss) -> Ending {
    let message = match loss {
        Loss::Alone => "the process died while this was all that ran",
        Loss::Among => "the process died while this ran among others",
        Loss::CutOff => "the process ended before it had",
    };
    Ending { message: Some(message.to_owned()), ..Ending::new(None, AttemptResult::Lost) }
}

const fn parked_by(next: &Next) -> Option<ParkReason> {
    match next {
        Next::Park(reason) => Some(*reason),
        Next::RetryAt(_) | Next::CheckAt(_) | Next::Void | Next::InDoubt => None,
    }
}

const fn retried_by(next: &Next) -> Option<Timestamp> {
    match next {
        Next::RetryAt(at) | Next::CheckAt(at) => Some(*at),
        Next::Park(_) | Next::Void | Next::InDoubt => None,
    }
}
