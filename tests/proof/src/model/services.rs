//! What the steps call: a service for each, that keeps the rules of a participant.

use saga_core::definition::{StepDefinition, StepKind};

/// Something that is not as it should be. A model has none, but in tests that show that it would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests make one"))]
pub(crate) enum Flaw {
    /// The store takes entries of earlier stays.
    StoreTakesAll,
    /// A worker acts on an entry before that is durable.
    ActsEarly,
    /// A worker that knows that its lease has passed goes on.
    GoesOn,
    /// Who reads an instance back calls again what was running.
    CallsAgain,
    /// A worker forgets what an entry asks for.
    ForgetsToAct,
    /// A client is told that the instance is cancelled before that is durable.
    TellsEarly,
    /// The first event of an entry is left out where there are several.
    LeavesOutFirst,
    /// The last event of an entry is left out where there are several.
    LeavesOutLast,
    /// A service applies a call whose compensation it has seen.
    AppliesLateCalls,
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

/// Whether its service may refuse before it looks up the key. It breaks what it promised, and where the compensation can
/// do without the output nothing comes of it.
fn may_refuse_first(step: &StepDefinition) -> bool {
    step.idempotent && step.kind == StepKind::Compensatable && !step.compensation_needs_output()
}

impl Service {
    /// Whether it has seen the compensation of its key.
    pub(super) const fn has_compensated(&self) -> bool {
        self.compensated
    }

    /// Whether what comes of a call of `step` is settled before it arrives.
    pub(super) fn is_settled(&self, step: &StepDefinition, flaw: Option<Flaw>) -> bool {
        self.refuses(flaw) || (self.answered.is_some() && !may_refuse_first(step))
    }

    const fn refuses(&self, flaw: Option<Flaw>) -> bool {
        (self.compensated && !matches!(flaw, Some(Flaw::AppliesLateCalls))) || self.closed
    }

    /// A call of `step` arrives.
    pub(super) fn call(&mut self, step: &StepDefinition, fate: Fate, flaw: Option<Flaw>) -> Answer {
        if self.refuses(flaw) {
            return Answer::Refused;
        }
        match (self.answered, fate) {
            (Some(_), Fate::Refused) if may_refuse_first(step) => Answer::Refused,
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
