//! What the steps call: a service for each, that keeps the rules of a participant.

use saga_core::definition::{StepDefinition, StepKind};

/// Which rules are kept. All are, but in tests that show what each is there for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The store takes entries of the present epoch only.
    pub(crate) fences: bool,
    /// A worker acts on an entry only once that is durable.
    pub(crate) waits_until_durable: bool,
    /// A worker that knows that its lease has passed stops.
    pub(crate) stops_when_lost: bool,
    /// Who reads an instance back tells its machine that what was running is lost.
    pub(crate) tells_of_loss: bool,
    /// A service refuses a call whose compensation it has seen.
    pub(crate) refuses_late_calls: bool,
}

impl Rules {
    /// All are kept.
    pub(crate) const KEPT: Self = Self {
        fences: true,
        waits_until_durable: true,
        stops_when_lost: true,
        tells_of_loss: true,
        refuses_late_calls: true,
    };
}

/// A method of a step that calls its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Method {
    Step,
    Check,
    Compensation,
}

/// What a service does with a request that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    /// What it is asked for.
    Done,
    /// The same, and nobody hears of it.
    DoneUnheard,
    /// It refuses.
    Refused,
    /// Nothing, for now; a check does not know.
    NotDone,
}

/// What a caller hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Answer {
    Done,
    Refused,
    NotDone,
    /// A check found nothing.
    Nothing,
    /// Nothing at all, for too long.
    Silence,
}

/// What a service knows of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Service {
    /// How many effects stand.
    pub(super) effects: u8,
    /// What the first call was answered, where the step is idempotent.
    answered: Option<Remembered>,
    compensated: bool,
    /// It has told a check that nothing was done: that is final.
    closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Remembered {
    Done,
    Refused,
}

impl Service {
    /// Whether it has seen the compensation of its key.
    pub(super) const fn has_compensated(&self) -> bool {
        self.compensated
    }

    /// Whether what comes of a call is settled before it arrives.
    pub(super) const fn is_settled(&self, rules: Rules) -> bool {
        (self.compensated && rules.refuses_late_calls) || self.closed || self.answered.is_some()
    }

    /// A call of `step` arrives.
    pub(super) fn call(&mut self, step: &StepDefinition, fate: Fate, rules: Rules) -> Answer {
        if (self.compensated && rules.refuses_late_calls) || self.closed {
            return Answer::Refused;
        }
        match (self.answered, fate) {
            (Some(Remembered::Done), _) => Answer::Done,
            (Some(Remembered::Refused), _) => Answer::Refused,
            (None, Fate::NotDone) => Answer::NotDone,
            (None, Fate::Refused) => {
                // Behind the pivot a service thinks better of it once somebody has talked to it.
                let is_final = step.idempotent && step.kind != StepKind::Retriable;
                self.answered = is_final.then_some(Remembered::Refused);
                Answer::Refused
            }
            (None, Fate::Done | Fate::DoneUnheard) => {
                if step.kind != StepKind::ReadOnly {
                    self.effects += 1;
                }
                self.answered = step.idempotent.then_some(Remembered::Done);
                Answer::Done
            }
        }
    }

    /// A compensation arrives. With the output of its step it takes back that, without all that there is.
    pub(super) fn compensate(&mut self, has_output: bool, fate: Fate) -> Answer {
        match fate {
            Fate::Refused => Answer::Refused,
            Fate::NotDone => Answer::NotDone,
            Fate::Done | Fate::DoneUnheard => {
                self.effects = if has_output { self.effects.saturating_sub(1) } else { 0 };
                self.compensated = true;
                Answer::Done
            }
        }
    }

    /// A check arrives.
    pub(super) fn check(&mut self, fate: Fate) -> Answer {
        match fate {
            Fate::Refused | Fate::NotDone => Answer::NotDone,
            Fate::Done | Fate::DoneUnheard if self.effects > 0 => Answer::Done,
            Fate::Done | Fate::DoneUnheard => {
                self.closed = true;
                Answer::Nothing
            }
        }
    }
}
