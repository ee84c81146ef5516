//! What a journal says, and whether it may say so: a fold of its own, so that the machine is not its own judge.

use saga_core::definition::{Definition, StepKind};
use saga_core::id::StepIndex;
use saga_core::journal::Event;

use super::promise::Promise;
use super::services::Method;
use crate::record::{Record, Stands};

/// The most steps that the saga of a model has.
pub(super) const STEPS_MAX: usize = 4;

/// What the journal says of the instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    pub(super) records: [Record; STEPS_MAX],
    decided: bool,
    completed: bool,
    compensated: bool,
}

/// The last attempt of `method` that was announced.
pub(super) const fn announced(record: &Record, method: Method) -> u32 {
    match method {
        Method::Step => record.attempts,
        Method::Check => record.checks,
        Method::Compensation => record.compensations,
    }
}

impl Ledger {
    /// Whether the instance has ended.
    pub(super) const fn has_ended(&self) -> bool {
        self.completed || self.compensated
    }

    pub(super) const fn has_completed(&self) -> bool {
        self.completed
    }

    pub(super) const fn has_compensated(&self) -> bool {
        self.compensated
    }

    /// Whether it was decided to compensate.
    pub(super) const fn goes_back(&self) -> bool {
        self.decided
    }

    /// Adds an event, and says which promise it breaks, if it breaks one.
    pub(super) fn add(&mut self, definition: &Definition, event: &Event) -> Option<Promise> {
        let broken = self.breaks(definition, event);
        match event {
            Event::CompensationDecided { .. } => {
                self.decided = true;
                for record in &mut self.records {
                    if record.stands == Stands::Waiting {
                        record.stands = if record.doubt { Stands::InDoubt } else { Stands::Void };
                    }
                }
            }
            Event::Completed => self.completed = true,
            Event::Compensated => self.compensated = true,
            _ => {}
        }
        if let Some(step) = event.step().and_then(|step| definition.index_of(step)) {
            self.records[step.get()].apply(event);
        }
        broken
    }

    /// Which promise is broken if `event` follows.
    fn breaks(&self, definition: &Definition, event: &Event) -> Option<Promise> {
        if self.has_ended() {
            return Some(Promise::I9);
        }
        let step = event.step().and_then(|step| definition.index_of(step));
        match (event, step) {
            (Event::StepStarted { .. }, Some(step)) => self.start_breaks(definition, step),
            (Event::StepSucceeded { .. }, Some(step)) => {
                (self.records[step.get()].successes > 0).then_some(Promise::I6)
            }
            (Event::CompensationDecided { .. }, _) if self.decided => Some(Promise::I7),
            (Event::CompensationDecided { .. }, _) => {
                let pivot = definition.pivot().map(|pivot| &self.records[pivot.get()]);
                pivot.is_some_and(Record::may_be_in_force).then_some(Promise::I12)
            }
            (Event::CompensationStarted { .. }, Some(step)) => self.compensation_breaks(definition, step),
            (Event::Completed, _) => self.decided.then_some(Promise::I7),
            (Event::Compensated, _) => (!self.decided).then_some(Promise::I7),
            _ => None,
        }
    }

    /// A step starts after those before it have succeeded, and after the decision only if it was called before.
    fn start_breaks(&self, definition: &Definition, step: StepIndex) -> Option<Promise> {
        let has_succeeded = |before: StepIndex| self.records[before.get()].successes > 0;
        if !definition.ancestors(step).iter().all(has_succeeded) {
            return Some(Promise::I1);
        }
        let is_new = self.records[step.get()].attempts == 0;
        (self.decided && is_new).then_some(Promise::I7)
    }

    fn compensation_breaks(&self, definition: &Definition, step: StepIndex) -> Option<Promise> {
        let is_compensatable = definition.step(step).is_some_and(|step| step.kind == StepKind::Compensatable);
        let in_force = |later: StepIndex| self.records[later.get()].may_be_in_force();
        if !self.decided {
            Some(Promise::I7)
        } else if !is_compensatable {
            Some(Promise::I12)
        } else if matches!(self.records[step.get()].stands, Stands::Running | Stands::Checking) {
            Some(Promise::I10)
        } else {
            definition.descendants(step).iter().any(in_force).then_some(Promise::I11)
        }
    }
}

#[cfg(test)]
mod tests {
    use saga_core::fault::{FaultKind, FaultRecord};
    use saga_core::id::StepName;
    use saga_core::journal::{Cause, Event, FailureKind, Next, Payload};

    use super::Ledger;
    use crate::model::promise::Promise;
    use crate::model::saga::Saga;

    fn started(step: &str) -> Event {
        Event::StepStarted { step: StepName::new(step), item: None, attempt: 1 }
    }

    fn succeeded(step: &str) -> Event {
        Event::StepSucceeded { step: StepName::new(step), item: None, output: Payload::NOTHING }
    }

    fn refused(step: &str) -> Event {
        let fault = FaultRecord::new(FaultKind::Rejected, "code", "why");
        Event::AttemptFailed { step: StepName::new(step), item: None, attempt: 1, fault, next: Next::Void }
    }

    fn decided() -> Event {
        let (kind, message) = (FailureKind::Cancelled, String::new());
        let cause = Cause { step: None, item: None, kind, code: None, message, attempts: 0, who: None };
        Event::CompensationDecided { cause }
    }

    fn compensating(step: &str) -> Event {
        Event::CompensationStarted { step: StepName::new(step), item: None, attempt: 1 }
    }

    fn compensated(step: &str) -> Event {
        Event::CompensationSucceeded { step: StepName::new(step), item: None }
    }

    /// What the last of these events breaks, after the others have broken nothing.
    fn last_breaks(saga: &str, events: &[Event]) -> Option<Promise> {
        let saga = Saga::all().into_iter().find(|other| other.name == saga).expect("there is one");
        let mut ledger = Ledger::default();
        let (last, others) = events.split_last().expect("there are some");
        for event in others {
            assert_eq!(ledger.add(&saga.definition, event), None, "{event:?}");
        }
        ledger.add(&saga.definition, last)
    }

    #[test]
    fn what_a_journal_may_say_breaks_nothing() {
        let well = [started("a"), succeeded("a"), started("b"), succeeded("b"), Event::Completed];
        assert_eq!(last_breaks("two", &well), None);
        let back = [started("a"), succeeded("a"), started("b"), refused("b"), decided()];
        let back: Vec<_> =
            back.into_iter().chain([compensating("a"), compensated("a"), Event::Compensated]).collect();
        assert_eq!(last_breaks("two", &back), None);
    }

    #[test]
    fn each_promise_is_seen_to_be_broken() {
        let a = || [started("a"), succeeded("a")];
        let and = |more: &[Event]| a().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
        for (promise, saga, events) in [
            (Promise::I1, "two", vec![started("a"), started("b")]),
            (Promise::I6, "two", and(&[succeeded("a")])),
            (Promise::I7, "two", and(&[decided(), decided()])),
            (Promise::I7, "two", and(&[decided(), Event::Completed])),
            (Promise::I7, "two", and(&[Event::Compensated])),
            (Promise::I7, "two", and(&[compensating("a")])),
            (Promise::I7, "two", and(&[decided(), started("b")])),
            (Promise::I9, "two", and(&[started("b"), succeeded("b"), Event::Completed, decided()])),
            (Promise::I10, "two", vec![started("a"), decided(), compensating("a")]),
            (Promise::I11, "two", and(&[started("b"), succeeded("b"), decided(), compensating("a")])),
            (Promise::I12, "pivot", and(&[started("b"), decided()])),
            (Promise::I12, "pivot", and(&[started("b"), refused("b"), decided(), compensating("b")])),
        ] {
            assert_eq!(last_breaks(saga, &events), Some(promise), "{events:?}");
        }
    }
}
