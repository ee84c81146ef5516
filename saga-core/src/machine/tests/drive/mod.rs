//! Drives a machine over simulated services, through faults and crashes, and watches the invariants.

mod act;
mod command;

use std::sync::Arc;
use std::time::Duration;

use super::choices::Choices;
use super::rig::{START, id, resolve_all};
use super::watch::Watch;
use super::world::World;
use crate::definition::{Definition, StepDefinition};
use crate::id::{Epoch, Seq, StepIndex};
use crate::journal::{Entry, Event, FailureKind, InstanceState, Loss, ParkReason, Payload};
use crate::machine::state::{Unit, UnitIndex};
use crate::machine::status::Method;
use crate::machine::{Answer, ChildNeed, Decision, Gate, Input, Machine, Pace, Question, State, Unexpected};
use crate::time::Timestamp;
use act::output;

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

    /// Drives the instance to its end and returns its journal.
    pub(super) fn run(mut self) -> (InstanceState, Vec<Entry>) {
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
        (self.machine.instance_state(), std::mem::take(&mut self.journal))
    }

    /// Runs a script: at each turn exactly one of the faults happens, or none.
    pub(super) fn run_scripted(mut self) -> (InstanceState, Choices) {
        let mut inputs = 0;
        while !self.has_ended() {
            inputs += 1;
            assert!(inputs < INPUTS_MAX, "the run does not end");
            let running = self.running();
            if self.machine.instance_state() == InstanceState::Parked {
                self.decide_on_all();
                continue;
            }
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
            self.handle(
                Input::Cancel { kind: FailureKind::Reverted, who: None, message: String::new() },
                OPEN,
            );
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
            if self.choices.once_in(3) { self.decide_on_all() } else { self.retry() }
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
        match self.choices.below(11) {
            0 => {
                self.faults -= 1;
                if self.choices.once_in(3) {
                    let millis = self.now.as_millis();
                    let back = Timestamp::from_millis(millis.saturating_sub(JUMP_MS));
                    self.now = self.choices.one(&[back, Timestamp::from_millis(millis + JUMP_MS)]);
                    self.watch.clock_jumped();
                }
                if self.choices.once_in(3) { self.crash_in_a_loop() } else { self.crash() }
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
            10 => self.decide(),
            _ if self.machine.parked().is_some() && self.choices.once_in(2) => self.decide(),
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
                Question::Condition(step) => (step, Answer::Holds(self.world.holds(step))),
                Question::Items(step) => (step, Answer::Items(vec![output(0); self.world.items(step)])),
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
        for input in [Input::Proceed, Input::ClockChanged, Input::Recovered { loss: Loss::Alone }] {
            let more = self.machine.clone().handle(input, self.now, &mut OPEN.clone());
            assert_eq!(more, Ok(Vec::new()), "I9: nothing follows the end");
        }
        self.refuse_what_comes_late();
        for at in self.units() {
            while self.world.service(at).has_travelling() {
                self.world.arrive(at, &self.of(at.step));
            }
        }
        let skipped = self.machine.failure().map(|failure| failure.skipped).unwrap_or_default();
        self.watch.end(self.machine.instance_state(), &skipped, &self.world);
    }

    /// I9: no decision follows the end, but that what was completed is taken back.
    fn refuse_what_comes_late(&self) {
        let state = self.machine.instance_state();
        for decision in [Decision::Retry, Decision::Skip, Decision::Succeeded(output(0)), Decision::Void] {
            assert_eq!(self.refusal_of(&resolve_all(decision)), Some(Unexpected::NotParked), "I9");
        }
        let cancel = |kind| Input::Cancel { kind, who: None, message: String::new() };
        assert_eq!(self.refusal_of(&cancel(FailureKind::Cancelled)), Some(Unexpected::Ended), "I9");
        let may_revert = state == InstanceState::Completed && self.definition.pivot().is_none();
        let refusal = (!may_revert).then_some(Unexpected::NotRevertible);
        assert_eq!(self.refusal_of(&cancel(FailureKind::Reverted)), refusal, "I9");
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
