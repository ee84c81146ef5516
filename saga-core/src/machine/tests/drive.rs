//! Drives a machine over simulated services, through faults and crashes, and watches the invariants.

use std::sync::Arc;

use super::choices::Choices;
use super::rig::{START, fault, id};
use super::watch::Watch;
use super::world::{Answer, World};
use crate::definition::{Definition, OutputUse, StepDefinition, StepKind};
use crate::fault::FaultKind;
use crate::id::{Epoch, Seq, StepIndex};
use crate::journal::{Entry, Event, InstanceState, ParkReason, Payload};
use crate::machine::status::Method;
use crate::machine::{AttemptEnd, Input, Machine, Pace, State};
use crate::time::Timestamp;

/// No run takes so many inputs that it does not end.
const INPUTS_MAX: u32 = 2_000;
/// Once faults have stopped it takes at most so many inputs for each step.
const INPUTS_AFTER_FAULTS_MAX: usize = 24;

/// One instance, its journal, and the world around it.
#[derive(Debug, Clone)]
pub(super) struct Drive {
    definition: Arc<Definition>,
    machine: Machine,
    folded: Option<State>,
    journal: Vec<Entry>,
    now: Timestamp,
    world: World,
    watch: Watch,
    choices: Choices,
    /// Whether what attempts end with lets others start.
    pace: Pace,
    /// How many faults may still happen.
    faults: u32,
    /// Whether the instance is also brought back from each of its entries.
    from_each_entry: bool,
}

impl Drive {
    pub(super) fn new(definition: Arc<Definition>, choices: Choices, faults: u32) -> Self {
        let now = Timestamp::from_millis(START);
        let (machine, events) =
            Machine::begin(definition.clone(), id(), Payload::NOTHING, now, &mut Pace::Go);
        let world = World::new(&definition);
        let watch = Watch::new(definition.clone());
        let mut drive = Self {
            definition,
            machine,
            folded: None,
            journal: Vec::new(),
            now,
            world,
            watch,
            choices,
            pace: Pace::Go,
            faults,
            from_each_entry: false,
        };
        drive.append(events);
        drive
    }

    /// The same, also brought back from each of its entries (I5).
    pub(super) fn from_each_entry(mut self) -> Self {
        self.from_each_entry = true;
        self
    }

    /// Drives the instance to its end and returns the choices as they are then.
    pub(super) fn run(mut self) -> (InstanceState, Choices) {
        let mut inputs = 0;
        let mut after_faults = 0;
        while !self.machine.instance_state().is_terminal() {
            inputs += 1;
            assert!(inputs < INPUTS_MAX, "the run does not end");
            if self.faults == 0 {
                after_faults += 1;
                let max = INPUTS_AFTER_FAULTS_MAX * self.definition.steps().count();
                assert!(after_faults <= max, "I19: the run takes too long to end");
                self.step_without_fault();
            } else {
                self.step_with_fault();
            }
        }
        self.end();
        (self.machine.instance_state(), self.choices.clone())
    }

    /// What happens when nothing goes wrong any more.
    fn step_without_fault(&mut self) {
        self.pace = Pace::Go;
        if let Some((step, method)) = self.running().first().copied() {
            self.end_well(step, method);
        } else if self.machine.instance_state() == InstanceState::Parked {
            self.retry();
        } else if let Some(wake) = self.machine.next_wake() {
            self.now = self.now.max(wake);
            self.handle(Input::Proceed, Pace::Go);
        } else {
            // It was held: there is no other reason to be here.
            let before = self.journal.len();
            self.handle(Input::Proceed, Pace::Go);
            assert!(self.journal.len() > before, "I13: nothing will ever happen");
        }
    }

    /// Anything may happen.
    fn step_with_fault(&mut self) {
        let running = self.running();
        self.pace = if self.choices.once_in(8) { Pace::Hold } else { Pace::Go };
        match self.choices.below(8) {
            0 => {
                self.faults -= 1;
                self.crash();
            }
            1 => self.arrivals(),
            2 if self.choices.once_in(8) => {
                self.faults -= 1;
                let step = StepIndex::new(self.choices.below(self.definition.steps().count()));
                let step = step.expect("the saga has it");
                let message = "why".to_owned();
                self.handle(Input::Park { step, item: None, reason: ParkReason::Decode, message }, Pace::Go);
            }
            3 if !running.is_empty() => {
                self.faults -= 1;
                let (step, method) = self.choices.one(&running);
                self.end_badly(step, method);
            }
            _ if !running.is_empty() => {
                let (step, method) = self.choices.one(&running);
                self.end_well(step, method);
            }
            _ => self.step_without_fault(),
        }
    }

    /// Runs a script: at each turn exactly one of the faults happens, or none.
    pub(super) fn run_scripted(mut self) -> (InstanceState, Choices) {
        let mut inputs = 0;
        while !self.machine.instance_state().is_terminal() {
            inputs += 1;
            assert!(inputs < INPUTS_MAX, "the run does not end");
            let running = self.running();
            if self.faults == 0 || running.is_empty() {
                self.step_without_fault();
                continue;
            }
            let (step, method) = self.choices.one(&running);
            match self.choices.below(3) {
                0 => self.end_well(step, method),
                1 => {
                    self.faults -= 1;
                    self.end_badly(step, method);
                }
                _ => {
                    self.faults -= 1;
                    self.crash();
                }
            }
        }
        self.end();
        (self.machine.instance_state(), self.choices.clone())
    }

    fn running(&self) -> Vec<(StepIndex, Method)> {
        let steps = self.machine.state().steps(&self.definition);
        let running: Vec<_> =
            steps.filter_map(|step| Some((step.index, step.record.own.status.running()?))).collect();
        assert_eq!(running, self.watch.running(), "what the journal started and did not end runs");
        running
    }

    /// The attempt under way does what it should.
    fn end_well(&mut self, index: StepIndex, method: Method) {
        let end = match method {
            Method::Attempt => match self.world.call(index, &self.of(index)) {
                Answer::Done(effect) => AttemptEnd::Succeeded(output(effect)),
                Answer::Refused => AttemptEnd::Failed(fault(FaultKind::Rejected)),
            },
            Method::Check => match self.world.check(index) {
                Some(effect) => AttemptEnd::Succeeded(output(effect)),
                None => AttemptEnd::NothingDone,
            },
            Method::Compensation => {
                self.world.compensate(index, self.known_output(index));
                AttemptEnd::Succeeded(Payload::NOTHING)
            }
        };
        self.end_attempt(index, method, end);
    }

    /// The attempt under way fails, in one of the ways there are.
    fn end_badly(&mut self, index: StepIndex, method: Method) {
        let step = self.of(index);
        let way = self.choices.below(5);
        let end = match (method, way) {
            (Method::Attempt, 0) => {
                // Behind the pivot a service thinks better of it once somebody has talked to it.
                let is_final = !self.definition.is_after_pivot(index);
                match self.world.call_refused(index, &step, is_final) {
                    Answer::Refused => AttemptEnd::Failed(fault(FaultKind::Rejected)),
                    Answer::Done(effect) => AttemptEnd::Succeeded(output(effect)),
                }
            }
            (Method::Compensation, 0) => AttemptEnd::Failed(fault(FaultKind::Rejected)),
            (Method::Check, 0) => AttemptEnd::Unknown,
            (_, 1) => AttemptEnd::Failed(fault(FaultKind::NotDone)),
            _ => {
                self.leave_in_doubt(index, method, way);
                AttemptEnd::Failed(fault(FaultKind::InDoubt))
            }
        };
        self.end_attempt(index, method, end);
    }

    /// A call of which nobody hears again: it arrived, it still travels, or it was never sent.
    fn leave_in_doubt(&mut self, index: StepIndex, method: Method, way: usize) {
        match (method, way) {
            (Method::Attempt, 2) => {
                self.world.call(index, &self.of(index));
            }
            (Method::Attempt, 3) if self.of(index).kind != StepKind::ReadOnly => self.world.send(index),
            (Method::Compensation, 2 | 3) => self.world.compensate(index, self.known_output(index)),
            _ => {}
        }
    }

    fn end_attempt(&mut self, step: StepIndex, method: Method, end: AttemptEnd) {
        let attempt = self.machine.state().steps[step.get()].own.tries(method).made;
        self.watch.ended(step);
        let input = match method {
            Method::Attempt => Input::StepEnded { step, item: None, attempt, end },
            Method::Check => Input::CheckEnded { step, item: None, attempt, end },
            Method::Compensation => Input::CompensationEnded { step, item: None, attempt, end },
        };
        self.handle(input, self.pace);
    }

    fn crash(&mut self) {
        for (index, method) in self.running() {
            let way = 2 + self.choices.below(3);
            self.leave_in_doubt(index, method, way);
        }
        self.machine = Machine::replay(self.definition.clone(), id(), &self.journal)
            .expect("I5: what was written is read back");
        assert_eq!(Some(self.machine.state()), self.folded.as_ref());
        self.watch.crashed();
        self.handle(Input::Recovered, Pace::Go);
    }

    /// Calls that travelled arrive.
    fn arrivals(&mut self) {
        for (index, step) in self.definition.clone().steps() {
            if self.world.service(index).travelling > 0 && self.choices.once_in(2) {
                self.world.arrive(index, step);
            }
        }
    }

    /// A person has looked.
    fn retry(&mut self) {
        for (index, step) in self.definition.clone().steps() {
            let parked = self.machine.state().steps[index.get()].own.status.parked();
            if parked == Some(ParkReason::InDoubt) && !step.idempotent {
                self.world.clean_up(index);
            }
        }
        self.handle(Input::Retry { who: "ann".to_owned(), note: String::new() }, Pace::Go);
    }

    fn handle(&mut self, input: Input, mut pace: Pace) {
        let events = match self.machine.handle(input.clone(), self.now, &mut pace) {
            Ok(events) => events,
            Err(unexpected) => panic!("{input:?} is refused: {unexpected}"),
        };
        self.append(events);
        if pace == Pace::Go {
            let state = self.machine.instance_state();
            let goes_on = state.is_terminal()
                || state == InstanceState::Parked
                || self.machine.has_attempts_running()
                || self.machine.next_wake().is_some_and(|wake| wake > self.now);
            assert!(goes_on, "I13: it neither goes on nor is parked");
        }
    }

    fn append(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        for event in &events {
            self.watch.see(event, &self.world);
            match &mut self.folded {
                None => self.folded = Some(State::new(&self.definition, self.now)),
                Some(state) => {
                    state.apply(&self.definition, event, self.now).expect("I4: the event is legal");
                }
            }
        }
        let seq = Seq::new(self.journal.len() as u64 + 1);
        self.journal.push(Entry { seq, epoch: Epoch::new(1), at: self.now, events });
        assert_eq!(self.folded.as_ref(), Some(self.machine.state()), "I4: the fold is the live state");
        if self.from_each_entry {
            self.bring_back();
        }
    }

    /// I5: the process dies now, with this entry as the last, and nothing goes wrong any more.
    fn bring_back(&self) {
        let mut other = self.clone();
        other.from_each_entry = false;
        other.faults = 0;
        other.crash();
        other.run();
    }

    /// What has to be true at the end.
    fn end(&mut self) {
        let more = self.machine.clone().handle(Input::Proceed, self.now, &mut Pace::Go);
        assert_eq!(more, Ok(Vec::new()), "I9: nothing follows the end");
        let more = self.machine.clone().handle(Input::Recovered, self.now, &mut Pace::Go);
        assert_eq!(more, Ok(Vec::new()), "I9: nothing follows the end");
        for (index, step) in self.definition.clone().steps() {
            while self.world.service(index).travelling > 0 {
                self.world.arrive(index, step);
            }
        }
        self.watch.end(self.machine.instance_state(), &self.world);
    }

    /// What a compensation of the step gets: its output, as the journal has it.
    fn known_output(&self, index: StepIndex) -> Option<u64> {
        let step = self.definition.step(index).expect("the saga has it");
        let mut events = self.journal.iter().flat_map(|entry| &entry.events);
        let output = events.find_map(|event| match event {
            Event::StepSucceeded { step: name, output, .. } if *name == step.name => Some(output.clone()),
            _ => None,
        });
        let output = output.map(|output| output.as_str().parse().expect("it is a number"));
        let uses = step.compensation.as_ref().expect("it has a compensation").output;
        assert!(uses != OutputUse::Required || output.is_some(), "the output is needed");
        output.filter(|_| uses != OutputUse::Unused)
    }

    fn of(&self, index: StepIndex) -> StepDefinition {
        self.definition.step(index).expect("the saga has it").clone()
    }
}

impl Drop for Drive {
    /// Tells what the run was, if it failed.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for (_, step) in self.definition.steps() {
            eprintln!("{step:?}");
        }
        for entry in &self.journal {
            eprintln!("{} at {}:", entry.seq, entry.at);
            for event in &entry.events {
                eprintln!("    {event:?}");
            }
        }
        eprintln!("{:?}\n{:?}", self.machine.state(), self.world);
    }
}

fn output(effect: u64) -> Payload {
    Payload::json(serde_json::value::RawValue::from_string(effect.to_string()).expect("a number is JSON"))
}
