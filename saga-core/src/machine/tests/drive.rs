//! Drives a machine over simulated services, through faults and crashes, and watches the invariants.

use std::sync::Arc;
use std::time::Duration;

use super::choices::Choices;
use super::rig::{START, fault, id};
use super::watch::Watch;
use super::world::{Answer, Child, World};
use crate::definition::{Definition, OutputUse, StepDefinition, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::id::{Epoch, Seq, StepIndex};
use crate::journal::{Entry, Event, FailureKind, InstanceState, ParkReason, Payload};
use crate::machine::state::{Unit, UnitIndex};
use crate::machine::status::Method;
use crate::machine::{
    Answer as Said, AttemptEnd, ChildNeed, Gate, Input, Machine, Pace, Question, State, Unexpected,
};
use crate::time::Timestamp;

/// No run takes so many inputs that it does not end.
const INPUTS_MAX: u32 = 4_000;
/// Once faults have stopped it takes at most so many inputs for each step and item.
const INPUTS_AFTER_FAULTS_MAX: usize = 32;
/// By so much a clock may jump when the process starts again.
const JUMP_MS: u64 = 500_000;

/// One instance, its journal, and the world around it.
#[derive(Debug, Clone)]
pub(super) struct Drive {
    definition: Arc<Definition>,
    machine: Machine,
    folded: Option<State>,
    journal: Vec<Entry>,
    /// The wall clock, which may jump; the world has the true time.
    now: Timestamp,
    world: World,
    watch: Watch,
    choices: Choices,
    /// Whether what attempts end with lets others start.
    gate: SimulatedGate,
    /// How many faults may still happen.
    faults: u32,
    /// How many messages were sent.
    messages: u32,
    reverted: bool,
    /// Whether the instance is also brought back from each of its entries.
    each_entry: bool,
}

/// A gate that is closed, or has no room for what has a limit.
#[derive(Debug, Clone, Copy)]
struct SimulatedGate {
    pace: Pace,
    has_room: bool,
    refused: bool,
}

const OPEN: SimulatedGate = SimulatedGate { pace: Pace::Go, has_room: true, refused: false };

impl Gate for SimulatedGate {
    fn is_open(&self) -> bool {
        self.pace == Pace::Go
    }

    fn may_start(&mut self, _step: StepIndex) -> bool {
        self.refused |= !self.has_room;
        self.has_room
    }
}

impl Drive {
    pub(super) fn new(definition: Arc<Definition>, mut choices: Choices, faults: u32) -> Self {
        let now = Timestamp::from_millis(START);
        let world = World::new(&definition, &mut choices, now);
        let (machine, events) =
            Machine::begin(definition.clone(), id(), Payload::NOTHING, now, &mut OPEN.clone());
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
            gate: OPEN,
            faults,
            messages: 0,
            reverted: false,
            each_entry: false,
        };
        let asked = drive.ask(OPEN);
        drive.append(events.into_iter().chain(asked).collect());
        drive
    }

    /// The same, also brought back from each of its entries (I5).
    pub(super) fn bringing_back(mut self) -> Self {
        self.each_entry = true;
        self
    }

    /// Drives the instance to its end and returns the choices as they are then.
    pub(super) fn run(mut self) -> (InstanceState, Choices) {
        let mut inputs = 0;
        let mut after_faults = 0;
        while !self.has_ended() {
            inputs += 1;
            assert!(inputs < INPUTS_MAX, "the run does not end");
            if self.faults == 0 {
                after_faults += 1;
                let steps = self.definition.steps();
                let units: usize = steps.map(|(index, _)| 1 + self.world.items(index)).sum();
                assert!(
                    after_faults <= INPUTS_AFTER_FAULTS_MAX * units,
                    "I19: the run takes too long to end"
                );
                self.step_without_fault();
            } else {
                self.step_with_fault();
            }
        }
        self.end();
        (self.machine.instance_state(), self.choices.clone())
    }

    /// Runs a script: at each turn exactly one of the faults happens, or none.
    pub(super) fn run_scripted(mut self) -> (InstanceState, Choices) {
        let mut inputs = 0;
        while !self.has_ended() {
            inputs += 1;
            assert!(inputs < INPUTS_MAX, "the run does not end");
            let running = self.running();
            if self.faults == 0 || running.is_empty() {
                self.step_without_fault();
                continue;
            }
            let (at, method) = self.choices.one(&running);
            match self.choices.below(3) {
                0 => self.end_well(at, method),
                1 => {
                    self.faults -= 1;
                    self.end_badly(at, method);
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

    /// Whether nothing more happens; what has completed may yet be taken back.
    fn has_ended(&mut self) -> bool {
        let state = self.machine.instance_state();
        let may_revert = state == InstanceState::Completed && self.definition.pivot().is_none();
        if may_revert && !self.reverted && self.faults > 0 && self.choices.once_in(2) {
            self.reverted = true;
            self.faults -= 1;
            self.handle(Input::Cancel { kind: FailureKind::Reverted, message: String::new() }, OPEN);
        }
        self.machine.instance_state().is_terminal()
    }

    /// What happens when nothing goes wrong any more.
    fn step_without_fault(&mut self) {
        self.gate = OPEN;
        let wake = self.machine.next_wake();
        if let Some((at, method)) = self.running().first().copied() {
            self.end_well(at, method);
        } else if let Some((step, need)) = self.children().first().copied() {
            self.end_child(step, need, true);
        } else if self.machine.instance_state() == InstanceState::Parked {
            self.retry();
        } else if self.machine.waits_for_signal() && (wake.is_none() || self.choices.once_in(2)) {
            let steps = self.definition.steps();
            let awaiting: Vec<_> = steps.filter(|(_, step)| step.signal.is_some()).collect();
            let steps: Vec<_> = awaiting.iter().map(|(step, _)| *step).collect();
            steps.into_iter().for_each(|step| self.send(step));
        } else if let Some(wake) = wake {
            self.pass(wake.since(self.now));
            self.handle(Input::Proceed, OPEN);
        } else {
            // It was held: there is no other reason to be here.
            let before = self.journal.len();
            self.handle(Input::Proceed, OPEN);
            assert!(self.journal.len() > before, "I13: nothing will ever happen");
        }
    }

    /// Anything may happen.
    fn step_with_fault(&mut self) {
        let running = self.running();
        let children = self.children();
        let pace = if self.choices.once_in(8) { Pace::Hold } else { Pace::Go };
        self.gate = SimulatedGate { pace, has_room: !self.choices.once_in(4), refused: false };
        match self.choices.below(10) {
            0 => {
                self.faults -= 1;
                if self.choices.once_in(3) {
                    let millis = self.now.as_millis();
                    let back = Timestamp::from_millis(millis.saturating_sub(JUMP_MS));
                    self.now = self.choices.one(&[back, Timestamp::from_millis(millis + JUMP_MS)]);
                    self.watch.clock_jumped();
                }
                self.crash();
            }
            1 => self.arrivals(),
            2 if self.choices.once_in(4) => {
                self.faults -= 1;
                self.park();
            }
            3 if !running.is_empty() => {
                self.faults -= 1;
                let (at, method) = self.choices.one(&running);
                self.end_badly(at, method);
            }
            4 if !children.is_empty() => {
                let (step, need) = self.choices.one(&children);
                let well = self.choices.once_in(2);
                self.faults -= u32::from(!well);
                self.end_child(step, need, well);
            }
            5 => {
                let step = StepIndex::new(self.choices.below(self.definition.steps().count()));
                self.send(step.expect("the saga has it"));
            }
            6 if self.choices.once_in(6) => {
                self.faults -= 1;
                self.cancel();
            }
            7 if self.choices.once_in(2) => {
                let millis = self.choices.below(4_000) as u64;
                self.pass(Duration::from_millis(millis));
                self.handle(Input::Proceed, self.gate);
            }
            _ if !running.is_empty() => {
                let (at, method) = self.choices.one(&running);
                self.end_well(at, method);
            }
            _ => self.step_without_fault(),
        }
    }

    fn running(&self) -> Vec<(UnitIndex, Method)> {
        let units = self.units().into_iter();
        let running: Vec<_> = units
            .filter(|at| self.of(at.step).child.is_none())
            .filter_map(|at| Some((at, self.unit(at)?.record.status.running()?)))
            .collect();
        assert_eq!(running, self.watch.running(), "what the journal started and did not end runs");
        running
    }

    fn children(&self) -> Vec<(StepIndex, ChildNeed)> {
        let children: Vec<_> = self.machine.children().map(|(step, need, _)| (step, need)).collect();
        let needs = self.watch.children().into_iter().map(|(step, method)| match method {
            Method::Attempt | Method::Check => (step, ChildNeed::End),
            Method::Compensation => (step, ChildNeed::Compensation),
        });
        assert_eq!(
            children,
            needs.collect::<Vec<_>>(),
            "what the journal started and did not end is awaited"
        );
        children
    }

    /// Time passes.
    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        self.world.now = self.world.now.plus(time);
    }

    /// The attempt under way does what it should.
    fn end_well(&mut self, at: UnitIndex, method: Method) {
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
    fn end_badly(&mut self, at: UnitIndex, method: Method) {
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
    fn end_child(&mut self, step: StepIndex, need: ChildNeed, well: bool) {
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
    fn send(&mut self, step: StepIndex) {
        if self.of(step).signal.is_some() {
            self.messages += 1;
            let id = format!("m{}", self.messages);
            self.handle(Input::Signal { step, id, payload: Payload::NOTHING }, self.gate);
        }
    }

    /// The process dies. What children do they go on doing.
    fn crash(&mut self) {
        for (at, method) in self.running() {
            let way = 2 + self.choices.below(3);
            self.leave_in_doubt(at, method, way);
        }
        self.machine = Machine::replay(self.definition.clone(), id(), &self.journal)
            .expect("I5: what was written is read back");
        assert_eq!(Some(self.machine.state()), self.folded.as_ref());
        self.watch.crashed();
        self.handle(Input::Recovered, OPEN);
    }

    /// Calls that travelled arrive.
    fn arrivals(&mut self) {
        for at in self.units() {
            if self.world.service(at).has_travelling() && self.choices.once_in(2) {
                self.world.arrive(at, &self.of(at.step));
            }
        }
    }

    /// A value cannot be read.
    fn park(&mut self) {
        let own = self.definition.steps().map(|(step, _)| UnitIndex { step, item: None });
        let units: Vec<_> = own.chain(self.units()).filter(|at| self.unit(*at).is_some()).collect();
        let UnitIndex { step, item } = self.choices.one(&units);
        let (reason, message) = (ParkReason::Decode, "why".to_owned());
        self.handle(Input::Park { step, item, reason, message }, self.gate);
    }

    /// Somebody wants it taken back, and perhaps it is too late.
    fn cancel(&mut self) {
        let input = Input::Cancel { kind: FailureKind::Cancelled, message: String::new() };
        let may_be = self.machine.clone().handle(input.clone(), self.now, &mut self.gate.clone());
        match may_be {
            Ok(_) => self.handle(input, self.gate),
            Err(Unexpected::PastPivot) => assert!(self.watch.is_past_pivot()),
            Err(unexpected) => panic!("it is refused: {unexpected}"),
        }
    }

    /// A person has looked.
    fn retry(&mut self) {
        for at in self.units() {
            let Some(record) = self.unit(at).map(|unit| unit.record.clone()) else { continue };
            let (parked, block) = (record.status.parked(), record.block.map(|block| block.reason));
            let step = self.of(at.step);
            let may_repeat = step.idempotent && step.idempotent_within.is_none();
            if [parked, block].contains(&Some(ParkReason::InDoubt)) && !may_repeat {
                self.world.clean_up(at);
            }
            if parked.is_some() && self.world.service(at).child() == Child::Compensated {
                self.world.revive_child(at.step);
            }
        }
        self.handle(Input::Retry { who: "ann".to_owned(), note: String::new() }, OPEN);
    }

    fn handle(&mut self, input: Input, mut gate: SimulatedGate) {
        gate.refused = false;
        let mut events = match self.machine.handle(input.clone(), self.now, &mut gate) {
            Ok(events) => events,
            Err(unexpected) => panic!("{input:?} is refused: {unexpected}"),
        };
        if gate.is_open() {
            events.extend(self.ask(gate));
        } else {
            assert!(!events.iter().any(goes_on), "the gate is closed: {events:?}");
        }
        self.append(events);
        let state = self.machine.instance_state();
        let goes_on = state.is_terminal()
            || state == InstanceState::Parked
            || self.machine.has_attempts_running()
            || self.machine.waits_for_signal()
            || self.machine.waits_for_children()
            || self.machine.next_wake().is_some_and(|wake| wake > self.now);
        assert!(goes_on || !gate.is_open() || !gate.has_room, "I13: it neither goes on nor is parked");
        let asks = self.machine.question().is_some_and(|_| gate.is_open());
        assert!(!asks, "nothing is left to be asked");
    }

    /// Asks the pure methods what there is to be asked.
    fn ask(&mut self, mut gate: SimulatedGate) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(question) = self.machine.question() {
            let (step, answer) = match question {
                Question::Condition(step) => (step, Said::Holds(self.world.holds(step))),
                Question::Items(step) => (step, Said::Items(vec![output(0); self.world.items(step)])),
            };
            let mut input = Input::Answered { step, answer };
            if self.faults > 0 && self.choices.once_in(16) {
                self.faults -= 1;
                let (reason, message) = (ParkReason::Panicked, "why".to_owned());
                input = Input::Park { step, item: None, reason, message };
            }
            events.extend(self.machine.handle(input, self.now, &mut gate).expect("it was asked"));
        }
        events
    }

    fn append(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        for event in &events {
            self.watch.see(event, self.now, &self.world);
            if let Event::StepStarted { step, item, .. } = event {
                let step = self.definition.index_of(step).expect("the saga has it");
                self.world.called(UnitIndex { step, item: *item });
            }
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
        if self.each_entry {
            self.bring_back();
        }
    }

    /// I5: the process dies now, with this entry as the last, and nothing goes wrong any more.
    fn bring_back(&self) {
        let mut other = self.clone();
        other.each_entry = false;
        other.faults = 0;
        other.crash();
        other.run();
    }

    /// What has to be true at the end.
    fn end(&mut self) {
        for input in [Input::Proceed, Input::Recovered] {
            let more = self.machine.clone().handle(input, self.now, &mut OPEN.clone());
            assert_eq!(more, Ok(Vec::new()), "I9: nothing follows the end");
        }
        for at in self.units() {
            while self.world.service(at).has_travelling() {
                self.world.arrive(at, &self.of(at.step));
            }
        }
        self.watch.end(self.machine.instance_state(), &self.world);
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

    /// Everything that is called by itself, whether or not it is listed yet.
    fn units(&self) -> Vec<UnitIndex> {
        self.definition.steps().flat_map(|(index, step)| self.world.units(index, step)).collect()
    }

    fn unit(&self, at: UnitIndex) -> Option<Unit<'_>> {
        self.machine.state().unit(&self.definition, at)
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

fn ended(at: UnitIndex, method: Method, attempt: u32, end: AttemptEnd) -> Input {
    let UnitIndex { step, item } = at;
    match method {
        Method::Attempt => Input::StepEnded { step, item, attempt, end },
        Method::Check => Input::CheckEnded { step, item, attempt, end },
        Method::Compensation => Input::CompensationEnded { step, item, attempt, end },
    }
}

/// Whether an event is none that only tells what came from outside, or follows from that.
fn goes_on(event: &Event) -> bool {
    matches!(
        event,
        Event::StepStarted { .. }
            | Event::CheckStarted { .. }
            | Event::CompensationStarted { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalMissed { .. }
    )
}
