//! As many items as a step may have: the work grows with the events, not with their square.

use std::sync::Arc;

use super::rig::*;
use crate::definition::{Definition, FanOut, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::id::{Epoch, Seq};
use crate::journal::{Entry, Event, InstanceState, Payload};
use crate::machine::items::work;
use crate::machine::{Answer, AttemptEnd, Input, Machine, Pace};
use crate::time::Timestamp;

const DONE: AttemptEnd = AttemptEnd::Succeeded(Payload::NOTHING);
/// How many items one event may look at. What concerns all of them may look at each a few times.
const LOOKS_MAX: usize = 8;

/// An instance whose journal is not replayed at each entry, as the rig does.
struct Many {
    machine: Machine,
    journal: Vec<Entry>,
    now: Timestamp,
    /// What started and has not been told to end.
    running: Vec<Event>,
}

impl Many {
    /// `a` with all its items, and `b` after it.
    fn begin(a: StepDefinition) -> Self {
        let definition = Arc::new(Definition::new("saga", 1, chain([a, step("b")]), 1));
        let now = Timestamp::from_millis(START);
        let (machine, events) = Machine::begin(definition, id(), Payload::NOTHING, now, &mut Pace::Go);
        let mut many = Self { machine, journal: Vec::new(), now, running: Vec::new() };
        many.append(events);
        let answer = Answer::Items(vec![Payload::NOTHING; FanOut::ITEMS_MAX]);
        let step = crate::id::StepIndex::new(0).expect("there is a first step");
        many.handle(Input::Answered { step, answer });
        many
    }

    /// Lets everything that runs end like this, and what follows from that, until nothing of `step` runs.
    fn end_all(&mut self, step: &str, end: &AttemptEnd) {
        while let Some(at) = self.running.iter().rposition(|event| event.step() == Some(&name(step))) {
            let event = self.running.swap_remove(at);
            self.end(&event, end.clone());
        }
    }

    /// The attempt that `event` started ends.
    fn end(&mut self, event: &Event, end: AttemptEnd) {
        let index = |step| self.machine.definition().index_of(step).expect("the saga has it");
        self.handle(match *event {
            Event::StepStarted { ref step, item, attempt } => {
                Input::StepEnded { step: index(step), item, attempt, end }
            }
            Event::CompensationStarted { ref step, item, attempt } => {
                Input::CompensationEnded { step: index(step), item, attempt, end }
            }
            ref other => panic!("{other:?} starts nothing"),
        });
    }

    fn handle(&mut self, input: Input) {
        let events = self.machine.handle(input, self.now, &mut Pace::Go).expect("the input fits");
        // What an orchestrator asks after each entry.
        let _looks = (self.machine.progress(), self.machine.next_wake(), self.machine.question());
        self.append(events);
    }

    fn append(&mut self, events: Vec<Event>) {
        let starts =
            |event: &&Event| matches!(event, Event::StepStarted { .. } | Event::CompensationStarted { .. });
        self.running.extend(events.iter().filter(starts).cloned());
        let seq = self.journal.last().map_or(Seq::FIRST, |entry| entry.seq.next());
        self.journal.push(Entry { seq, epoch: Epoch::new(1), at: self.now, events });
    }

    /// Checks that no more items were looked at since the last time than so many for each event.
    fn check_work(&self) {
        let events: usize = self.journal.iter().map(|entry| entry.events.len()).sum();
        let looks = work::take();
        assert!(looks <= LOOKS_MAX * events, "{looks} looks at items for {events} events");
    }
}

/// Everything succeeds, the next step is refused, everything is compensated.
fn there_and_back(a: StepDefinition) {
    let _before = work::take();
    let mut many = Many::begin(a);
    many.end_all("a", &DONE);
    many.end_all("b", &AttemptEnd::Failed(fault(FaultKind::Rejected)));
    assert_eq!(many.machine.instance_state(), InstanceState::Compensating);
    many.end_all("a", &DONE);
    assert_eq!(many.machine.instance_state(), InstanceState::Compensated);
    many.check_work();
    let definition = many.machine.definition().clone();
    let replayed = Machine::replay(definition, id(), &many.journal).expect("it replays");
    assert_eq!(replayed.state(), many.machine.state(), "I4");
    many.check_work();
}

#[test]
fn ten_thousand_items_a_few_at_once_take_linear_work() {
    there_and_back(step("a").fan_out(8));
}

#[test]
fn ten_thousand_items_all_at_once_take_linear_work() {
    there_and_back(step("a").fan_out(10_000));
}

#[test]
fn ten_thousand_items_in_doubt_take_linear_work() {
    let _before = work::take();
    let mut many = Many::begin(step_with("a", OutputUse::Required).idempotent().fan_out(10_000));
    let last = many.running.pop().expect("the last one runs");
    for event in std::mem::take(&mut many.running) {
        many.end(&event, AttemptEnd::Failed(fault(FaultKind::InDoubt)));
    }
    many.end(&last, AttemptEnd::Failed(fault(FaultKind::Rejected)));
    assert_eq!(many.running.len(), 9_999, "all are settled at once");
    many.end_all("a", &DONE);
    assert_eq!(many.machine.instance_state(), InstanceState::Compensated);
    many.check_work();
}
