//! The services: what each remembers of each key, and what of it is in force.

use std::collections::BTreeMap;

use sagas::__private::StepKind;

use super::place::{Life, Method, Slot};

/// The rules that a participant keeps. A service that breaks one shows that the judge sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// It accepts a compensation twice.
    pub(crate) takes_back_once: bool,
    /// It refuses a call whose compensation it has seen.
    pub(crate) refuses_late_calls: bool,
    /// It knows the keys that it promised to know.
    pub(crate) knows_its_keys: bool,
}

impl Rules {
    /// All are kept.
    pub(crate) const KEPT: Self =
        Self { takes_back_once: true, refuses_late_calls: true, knows_its_keys: true };
}

/// What the service of a step is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    /// The kind of the step.
    pub(crate) kind: StepKind,
    /// Whether it promises that a repeated call has no further effect.
    pub(crate) idempotent: bool,
}

/// What a service means to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Will {
    /// What it is asked for.
    Do,
    /// Refuse.
    Refuse,
    /// Nothing, and say so.
    Nothing,
}

/// What a service did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Done {
    /// It has had its effect.
    Applied,
    /// It knew the key, so there was no further effect.
    Again,
    /// It refused.
    Refused,
    /// It did nothing, and said so.
    Nothing,
    /// It took the effect back.
    TookBack,
    /// There was nothing to take back, or not any more.
    NothingToTakeBack,
    /// It was asked, and has done it.
    FoundEffect,
    /// It was asked, and has not done it, nor will it.
    FoundNothing,
    /// It was asked, and does not know.
    FoundUnknown,
}

/// A request that is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// Who sent it.
    pub(crate) life: Life,
    pub(crate) slot: Slot,
    pub(crate) method: Method,
    /// How many were sent before it, to all services.
    pub(crate) number: u64,
    pub(crate) service: Service,
    pub(crate) will: Will,
}

/// What a service knows of one key.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// How often its effect is in force.
    effects: i32,
    took_back: bool,
    refused: bool,
    /// No call has an effect any more.
    closed: bool,
    /// No call has an effect that was sent before this one.
    barred_before: u64,
}

/// What all services know.
#[derive(Debug)]
pub(crate) struct Services {
    rules: Rules,
    known: BTreeMap<Slot, Known>,
    sent: u64,
    travelling: u64,
}

impl Services {
    /// Services that know nothing.
    pub(crate) const fn new(rules: Rules) -> Self {
        Self { rules, known: BTreeMap::new(), sent: 0, travelling: 0 }
    }

    /// A request is on its way.
    pub(crate) fn send(
        &mut self,
        life: Life,
        slot: Slot,
        method: Method,
        service: Service,
        will: Will,
    ) -> Request {
        self.sent += 1;
        self.travelling += 1;
        Request { life, slot, method, number: self.sent, service, will }
    }

    /// A request is lost.
    pub(crate) fn lose(&mut self) {
        self.travelling -= 1;
    }

    /// How many requests are on their way.
    pub(crate) fn travelling(&self) -> u64 {
        self.travelling
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, request: &Request) -> Done {
        self.travelling -= 1;
        let (rules, sent) = (self.rules, self.sent);
        let known = self.known.entry(request.slot).or_default();
        match request.method {
            Method::Step => known.step(request, rules),
            Method::Compensation => known.compensation(request, rules),
            Method::Check => known.check(request, sent),
        }
    }

    /// How often the effect of each slot is in force.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (Slot, i32)> + '_ {
        self.known.iter().map(|(slot, known)| (*slot, known.effects))
    }

    /// What a person finds out who looks: whether it is done. If it is not, it will not be.
    pub(crate) fn look(&mut self, slot: Slot, service: Service) -> bool {
        let sent = self.sent;
        let known = self.known.entry(slot).or_default();
        known.bar_unless_done(service, sent)
    }
}

impl Known {
    fn step(&mut self, request: &Request, rules: Rules) -> Done {
        let Service { kind, idempotent } = request.service;
        match request.will {
            Will::Nothing => return Done::Nothing,
            _ if kind == StepKind::ReadOnly && request.will == Will::Refuse => return Done::Refused,
            _ if kind == StepKind::ReadOnly => return Done::Applied,
            _ => {}
        }
        let is_barred = self.closed || request.number <= self.barred_before;
        if is_barred && rules.refuses_late_calls || idempotent && self.refused {
            return Done::Refused;
        }
        if request.will == Will::Refuse && self.effects == 0 {
            // A step after the pivot is called again once a person has seen to it that it can succeed.
            self.refused = kind != StepKind::Retriable;
            return Done::Refused;
        }
        if idempotent && self.effects > 0 && rules.knows_its_keys {
            return Done::Again;
        }
        self.effects += 1;
        Done::Applied
    }

    fn compensation(&mut self, request: &Request, rules: Rules) -> Done {
        match request.will {
            Will::Refuse => return Done::Refused,
            Will::Nothing => return Done::Nothing,
            Will::Do => {}
        }
        self.closed = true;
        let is_repeated = std::mem::replace(&mut self.took_back, true);
        let takes_back = if is_repeated { !rules.takes_back_once } else { self.effects > 0 };
        if takes_back {
            self.effects -= 1;
            Done::TookBack
        } else {
            Done::NothingToTakeBack
        }
    }

    fn check(&mut self, request: &Request, sent: u64) -> Done {
        match request.will {
            Will::Do if self.bar_unless_done(request.service, sent) => Done::FoundEffect,
            Will::Do => Done::FoundNothing,
            Will::Refuse => Done::Refused,
            Will::Nothing => Done::FoundUnknown,
        }
    }

    /// Whether it is done. If not, no call that was sent by now will be, and where it is not called again none at all.
    fn bar_unless_done(&mut self, service: Service, sent: u64) -> bool {
        if self.effects > 0 {
            return true;
        }
        self.barred_before = sent;
        self.closed |= service.kind != StepKind::Retriable;
        false
    }
}
