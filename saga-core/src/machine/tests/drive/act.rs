//! What happens to a simulated instance: attempts and children end, well or badly, and the process dies.

use super::super::rig::{fault, id};
use super::super::world::{Answer, Child};
use super::{Drive, OPEN, SimulatedGate};
use crate::definition::{OutputUse, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::id::StepIndex;
use crate::journal::{Event, Loss, ParkReason, Payload};
use crate::machine::gate::Pace;
use crate::machine::state::UnitIndex;
use crate::machine::status::Method;
use crate::machine::{AttemptEnd, ChildNeed, Input, Machine};

impl Drive {
    /// The attempt under way does what it should.
    pub(super) fn end_well(&mut self, at: UnitIndex, method: Method) {
        let end = match method {
            Method::Attempt => match self.world.call(at, &self.of(at.step)) {
                Answer::Done(effect) => AttemptEnd::Succeeded(output(effect)),
                Answer::Refused => AttemptEnd::Failed(fault(FaultKind::Rejected)),
            },
            Method::Check => match self.world.check(at) {
                Some(effect) => AttemptEnd::Succeeded(output(effect)),
                None => AttemptEnd::NothingDone,
            },
            Method::Compensation => {
                self.world.compensate(at, self.known_output(at));
                AttemptEnd::Succeeded(Payload::NOTHING)
            }
        };
        self.end_attempt(at, method, end);
    }

    /// The attempt under way fails, in one of the ways there are.
    pub(super) fn end_badly(&mut self, at: UnitIndex, method: Method) {
        let step = self.of(at.step);
        let way = self.choices.below(5);
        let end = match (method, way) {
            (Method::Attempt, 0) => {
                // Behind the pivot a service thinks better of it once somebody has talked to it.
                let is_final = !self.definition.is_after_pivot(at.step);
                match self.world.call_refused(at, &step, is_final) {
                    Answer::Refused => AttemptEnd::Failed(fault(FaultKind::Rejected)),
                    Answer::Done(effect) => AttemptEnd::Succeeded(output(effect)),
                }
            }
            (Method::Compensation, 0) => AttemptEnd::Failed(fault(FaultKind::Rejected)),
            (Method::Check, 0) => AttemptEnd::Unknown,
            (_, 1) => AttemptEnd::Failed(fault(FaultKind::NotDone)),
            _ => {
                self.leave_in_doubt(at, method, way);
                AttemptEnd::Failed(fault(FaultKind::InDoubt))
            }
        };
        self.end_attempt(at, method, end);
    }

    /// A call of which nobody hears again: it arrived, it still travels, or it was never sent.
    fn leave_in_doubt(&mut self, at: UnitIndex, method: Method, way: usize) {
        match (method, way) {
            (Method::Attempt, 2) => {
                self.world.call(at, &self.of(at.step));
            }
            (Method::Attempt, 3) if self.of(at.step).kind != StepKind::ReadOnly => self.world.send(at),
            (Method::Compensation, 2 | 3) => self.world.compensate(at, self.known_output(at)),
            _ => {}
        }
    }

    fn end_attempt(&mut self, at: UnitIndex, method: Method, end: AttemptEnd) {
        self.watch.ended(at);
        let attempt = self.unit(at).expect("it runs").record.tries(method).made;
        self.handle(ended(at, method, attempt, end), self.gate);
    }

    /// The child that the step waits for comes to its end, or is taken back.
    pub(super) fn end_child(&mut self, step: StepIndex, need: ChildNeed, well: bool) {
        let at = UnitIndex { step, item: None };
        let failed = |code| FaultRecord::new(FaultKind::Rejected, code, "what the child said");
        let (method, end) = match need {
            ChildNeed::End => {
                self.world.run_child(step);
                if well {
                    self.world.complete_child(step);
                } else if self.choices.once_in(2) {
                    self.world.compensate_child(step);
                } else {
                    // It runs on.
                    return;
                }
                let end = match self.world.child(step) {
                    Child::Completed => AttemptEnd::Succeeded(output(0)),
                    Child::Absent | Child::Running | Child::Compensated => {
                        AttemptEnd::Failed(failed("child_compensated"))
                    }
                };
                (Method::Attempt, end)
            }
            ChildNeed::Compensation if well => {
                self.world.compensate_child(step);
                (Method::Compensation, AttemptEnd::Succeeded(Payload::NOTHING))
            }
            ChildNeed::Compensation => (Method::Compensation, AttemptEnd::Failed(failed("child_parked"))),
        };
        let attempt = self.unit(at).expect("it runs").record.tries(method).made;
        self.handle(ended(at, method, attempt, end), self.gate);
    }

    /// A message is sent to a step, if it takes one.
    pub(super) fn send(&mut self, step: StepIndex) {
        if self.of(step).signal.is_some() {
            self.messages += 1;
            let id = format!("m{}", self.messages);
            self.handle(Input::Signal { step, id, payload: Payload::NOTHING }, self.gate);
        }
    }

    /// The process dies. What children do they go on doing.
    pub(super) fn crash(&mut self) {
        // All that a script has for a crash is a crash.
        let losses = [Loss::Alone, Loss::Among, Loss::CutOff];
        let loss = if self.choices.is_scripted() { Loss::Alone } else { self.choices.one(&losses) };
        self.die(loss);
    }

    /// Something takes the process with it, again and again.
    pub(super) fn crash_in_a_loop(&mut self) {
        for _ in 0..4 {
            self.die(Loss::Alone);
        }
    }

    fn die(&mut self, loss: Loss) {
        for (at, method) in self.running() {
            let way = 2 + self.choices.below(3);
            self.leave_in_doubt(at, method, way);
        }
        self.machine = Machine::replay(self.definition.clone(), id(), &self.journal)
            .expect("I5: what was written is read back");
        assert_eq!(Some(self.machine.state()), self.folded.as_ref());
        self.watch.crashed();
        // Both make one entry, so nobody dies between them.
        let each_entry = std::mem::take(&mut self.each_entry);
        self.handle(Input::ClockChanged, SimulatedGate { pace: Pace::Hold, ..OPEN });
        self.each_entry = each_entry;
        self.handle(Input::Recovered { loss }, OPEN);
    }

    /// Calls that travelled arrive.
    pub(super) fn arrivals(&mut self) {
        for at in self.units() {
            if self.world.service(at).has_travelling() && self.choices.once_in(2) {
                self.world.arrive(at, &self.of(at.step));
            }
        }
    }

    /// A value cannot be read.
    pub(super) fn park(&mut self) {
        let own = self.definition.steps().map(|(step, _)| UnitIndex { step, item: None });
        let units: Vec<_> = own.chain(self.units()).filter(|at| self.unit(*at).is_some()).collect();
        let UnitIndex { step, item } = self.choices.one(&units);
        let (reason, message) = (ParkReason::Decode, "why".to_owned());
        self.handle(Input::Park { step, item, reason, message }, self.gate);
    }

    /// What a compensation gets: the output of its step or item, as the journal has it.
    fn known_output(&self, at: UnitIndex) -> Option<u64> {
        let step = self.of(at.step);
        let mut events = self.journal.iter().flat_map(|entry| &entry.events);
        let output = events.find_map(|event| match event {
            Event::StepSucceeded { step: name, item, output } if *name == step.name && *item == at.item => {
                Some(output.clone())
            }
            _ => None,
        });
        let output = output.map(|output| output.as_str().parse().expect("it is a number"));
        let uses = step.compensation.as_ref().expect("it has a compensation").output;
        assert!(uses != OutputUse::Required || output.is_some(), "the output is needed");
        output.filter(|_| uses != OutputUse::Unused)
    }
}

fn ended(at: UnitIndex, method: Method, attempt: u32, end: AttemptEnd) -> Input {
    let UnitIndex { step, item } = at;
    match method {
        Method::Attempt => Input::StepEnded { step, item, attempt, end },
        Method::Check => Input::CheckEnded { step, item, attempt, end },
        Method::Compensation => Input::CompensationEnded { step, item, attempt, end },
    }
}

pub(super) fn output(effect: u64) -> Payload {
    Payload::json(serde_json::value::RawValue::from_string(effect.to_string()).expect("a number is JSON"))
}
