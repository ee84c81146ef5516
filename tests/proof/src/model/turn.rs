//! A worker and its machine: inputs go in, an entry is handed in, and once it is durable it is acted on.

use std::sync::Arc;

use saga_core::fault::{FaultKind, FaultRecord};
use saga_core::id::{Epoch, InstanceId, Seq, StepIndex};
use saga_core::journal::{CheckNext, CompensationNext, Entry, Event, InstanceState, Loss, Next, Payload};
use saga_core::machine::{Action as Wanted, AttemptEnd, Input, Machine, Pace, Unexpected};
use saga_core::time::Timestamp;

use super::clock::{START, wait_of};
use super::ledger::announced;
use super::promise::{Promise, Seen};
use super::saga::Saga;
use super::services::{Answer, Flaw, Method};
use super::state::{Call, Folded, Journal, Live, Stage, State, Write, Writing};

impl Saga {
    /// The machine of a new instance, and the events of its first entry.
    pub(super) fn begin(&self) -> (Machine, Vec<Event>) {
        let definition = Arc::clone(&self.definition);
        Machine::begin(definition, id(), Payload::NOTHING, START, &mut Pace::Go)
    }

    /// Lets the machine of a worker decide on `inputs`, and hands in the entry that comes of it. Several are all taken
    /// down before anything starts. Says whether there is an entry.
    ///
    /// # Errors
    /// Why the machine refused an input. One that refused stands as if it had not come.
    pub(super) fn turn(
        &self,
        state: &mut State,
        worker: usize,
        inputs: Vec<Input>,
        now: Timestamp,
    ) -> Result<bool, Unexpected> {
        let Some(live) = &state.workers[worker] else { return Ok(false) };
        let mut machine = live.machine.machine.clone();
        let (mut events, mut refused) = (Vec::new(), None);
        let is_read_back = matches!(inputs.first(), Some(Input::Recovered { .. }));
        let are_several = inputs.len() > 1 || is_read_back;
        let proceed = are_several.then_some((Input::Proceed, Pace::Go));
        let pace = if are_several { Pace::Hold } else { Pace::Go };
        for (input, mut pace) in inputs.into_iter().map(|input| (input, pace)).chain(proceed) {
            match machine.handle(input, now, &mut pace) {
                Ok(more) => events.extend(more),
                Err(Unexpected::Broken(_)) => {
                    state.breaks(Promise::I4, "the machine decides what may not happen");
                    return Ok(false);
                }
                Err(unexpected) => refused = Some(unexpected),
            }
        }
        let has_entry = !events.is_empty();
        if has_entry {
            self.hand_in(state, worker, machine, events, now);
        } else if let Some(live) = &mut state.workers[worker] {
            live.machine = Folded::new(machine);
        }
        refused.map_or(Ok(has_entry), Err)
    }

    /// Hands an entry in, and sees to it that whoever reads it back is where this machine is (I4), and goes on from
    /// there (I5).
    pub(super) fn hand_in(
        &self,
        state: &mut State,
        worker: usize,
        machine: Machine,
        mut events: Vec<Event>,
        now: Timestamp,
    ) {
        if events.len() > 1 {
            match self.flaw {
                Some(Flaw::LeavesOutFirst) => drop(events.remove(0)),
                Some(Flaw::LeavesOutLast) => drop(events.pop()),
                _ => {}
            }
        }
        for event in &events {
            assert!(self.is_in_time(event), "a wait that does not follow from its step: {event:?}");
        }
        let Some(live) = &mut state.workers[worker] else { return };
        let seq = Seq::new(live.journal.len() as u64 + 1);
        let entry = Arc::new(Entry { seq, epoch: Epoch::new(live.epoch), at: now, events });
        let mut journal = Vec::clone(&live.journal);
        journal.push(Arc::clone(&entry));
        let journal = Arc::new(journal);
        let folded = self.replay(&journal);
        live.journal = journal;
        let Some(folded) = folded else {
            live.machine = Folded::new(machine);
            return state.breaks(Promise::I5, "a journal cannot be read back");
        };
        let recovered = folded.clone().handle(Input::Recovered { loss: Loss::Alone }, START, &mut Pace::Go);
        let is_kept = folded.state() == machine.state();
        let folded = Folded::new(folded);
        live.machine = if is_kept { folded.same(machine) } else { Folded::new(machine) };
        let events = Arc::clone(&entry);
        let write = Write::new(entry, folded);
        live.writing = Some(Writing { write, stage: Stage::OnItsWay, cancels: false });
        if !is_kept {
            state.breaks(Promise::I4, "the state in memory is not the fold of the journal");
        }
        if recovered.is_err() {
            state.breaks(Promise::I5, "an instance that was read back does not go on");
        }
        if self.has(Flaw::ActsEarly) {
            self.act(state, worker, &events.events);
        }
    }

    /// Reads a journal back.
    pub(super) fn replay(&self, journal: &Journal) -> Option<Machine> {
        let entries = journal.iter().map(|entry| &**entry);
        Machine::replay(Arc::clone(&self.definition), id(), entries).ok()
    }

    /// The entry that a worker has handed in reaches the store.
    pub(super) fn land(&self, state: &mut State, worker: usize) {
        let Some(live) = &state.workers[worker] else { return };
        let is_stale = !state.owns(live);
        let Some(write) = live.writing.as_ref().map(|writing| writing.write.clone()) else { return };
        let is_taken = self.append(state, &write);
        if !is_taken && is_stale {
            self.counts.saw(Seen::StaleRefused);
        }
        if let Some(writing) = state.workers[worker].as_mut().and_then(|live| live.writing.as_mut()) {
            writing.stage = if is_taken { Stage::Durable } else { Stage::Refused };
        }
    }

    /// An entry reaches the store whose worker is gone.
    pub(super) fn land_late(&self, state: &mut State, at: usize) {
        let write = state.flying.remove(at);
        let is_taken = self.append(state, &write);
        self.counts.saw(if is_taken { Seen::DeadLanded } else { Seen::DeadRefused });
    }

    /// Adds an entry to the journal, if it is the next one and of the present stay.
    fn append(&self, state: &mut State, write: &Write) -> bool {
        let Write { entry, fold, .. } = write;
        let is_of_stay = entry.epoch.get() == state.store.epoch;
        if entry.seq.get() != state.store.next() || (!is_of_stay && !self.has(Flaw::StoreTakesAll)) {
            return false;
        }
        if !is_of_stay {
            state.breaks(Promise::I15, "an entry of an earlier stay follows the start of a later");
        }
        let mut journal = Vec::clone(&state.store.journal);
        journal.push(Arc::clone(entry));
        state.store.journal = Arc::new(journal);
        for event in &entry.events {
            if let Some(promise) = state.store.ledger.add(&self.definition, event) {
                state.breaks(promise, "an entry says so");
            }
            self.see(state, event);
        }
        // Only where entries of earlier stays are taken does the writer not know the journal that its entry ends.
        let others = self.has(Flaw::StoreTakesAll).then(|| self.replay(&state.store.journal)).flatten();
        state.store.fold = Some(others.map_or_else(|| Arc::clone(fold), Folded::new));
        if fold.state() == InstanceState::Parked {
            self.counts.saw(Seen::Parked);
        }
        true
    }

    /// A worker hears what became of its entry.
    pub(super) fn hear(&self, state: &mut State, worker: usize) {
        let Some(live) = &mut state.workers[worker] else { return };
        let Some(writing) = live.writing.take() else { return };
        if writing.stage == Stage::Refused {
            return self.leave(state, worker);
        }
        let is_stale = live.epoch != state.store.epoch;
        state.client.is_cancelled |= writing.cancels;
        let before = state.calls.len();
        if !self.has(Flaw::ActsEarly) && !self.has(Flaw::ForgetsToAct) {
            self.act(state, worker, &writing.write.entry.events);
        }
        if is_stale && state.calls.len() > before {
            self.counts.saw(Seen::StaleCalled);
        }
        let has_ended = |live: &Live| live.machine.state().is_terminal();
        if state.workers[worker].as_ref().is_some_and(has_ended) {
            self.leave(state, worker);
        }
    }

    /// Does what events ask for.
    fn act(&self, state: &mut State, worker: usize, events: &[Event]) {
        for event in events {
            let (method, step, attempt) = match Wanted::of(event) {
                Some(Wanted::RunStep { step, attempt, .. }) => (Method::Step, step, attempt),
                Some(Wanted::RunCheck { step, attempt, .. }) => (Method::Check, step, attempt),
                Some(Wanted::RunCompensation { step, attempt, .. }) => (Method::Compensation, step, attempt),
                Some(Wanted::WakeAt(_) | Wanted::CancelAttempts | Wanted::Finish) | None => continue,
            };
            if let Some(step) = self.definition.index_of(step) {
                self.call(state, worker, step.get(), method, attempt);
            }
        }
    }

    /// A worker calls a service.
    pub(super) fn call(&self, state: &mut State, worker: usize, step: usize, method: Method, attempt: u32) {
        let record = state.store.ledger.records[step];
        let live = state.workers[worker].as_ref();
        let knows = live.is_some_and(|live| live.knows);
        let is_owner = live.is_some_and(|live| state.owns(live));
        if announced(&record, method) < attempt {
            state.breaks(Promise::I1, "a service is called before that is durable");
        }
        if knows {
            state.breaks(Promise::I16, "a worker calls a service and knows that its lease has passed");
        }
        if is_owner && state.store.ledger.has_ended() {
            state.breaks(Promise::I9, "a service is called after the end");
        }
        let of = StepIndex::new(step).and_then(|step| self.definition.step(step));
        let takes_output = of
            .and_then(|of| of.compensation.as_ref())
            .is_some_and(|compensation| compensation.output != saga_core::definition::OutputUse::Unused);
        let has_output = method == Method::Compensation && takes_output && record.successes > 0;
        let (step, caller) = (u8::try_from(step).ok(), u8::try_from(worker).ok());
        let Some(step) = step else { return };
        state.calls.push(Call { step, method, attempt, has_output, caller, travels: true, answer: None });
    }

    /// Whether what an event lets wait follows from its step.
    fn is_in_time(&self, event: &Event) -> bool {
        let until = match event {
            Event::StepDelayed { until, .. } | Event::SignalAwaited { until: Some(until), .. } => *until,
            Event::AttemptFailed { next: Next::RetryAt(at) | Next::CheckAt(at), .. }
            | Event::AttemptLost { next: Next::RetryAt(at) | Next::CheckAt(at), .. }
            | Event::CheckedVoid { next: Next::RetryAt(at) | Next::CheckAt(at), .. }
            | Event::CheckFailed { next: CheckNext::CheckAt(at), .. }
            | Event::CompensationFailed { next: CompensationNext::RetryAt(at), .. } => *at,
            _ => return true,
        };
        let step = event.step().and_then(|step| self.definition.index_of(step));
        // What was lost is tried again at once.
        until == START || step.is_some_and(|step| until == START.plus(wait_of(step.get())))
    }
}

/// What a worker makes of an answer.
pub(super) fn input_of(call: &Call, answer: Answer) -> Input {
    let Some(step) = StepIndex::new(usize::from(call.step)) else { return Input::Proceed };
    let (item, attempt) = (None, call.attempt);
    let fault = |kind| AttemptEnd::Failed(FaultRecord::new(kind, "code", "what the service said"));
    let end = match (answer, call.method) {
        (Answer::Done, _) => AttemptEnd::Succeeded(Payload::NOTHING),
        (Answer::Nothing, _) => AttemptEnd::NothingDone,
        (Answer::NotDone, Method::Check) => AttemptEnd::Unknown,
        (Answer::Refused, _) => fault(FaultKind::Rejected),
        (Answer::NotDone, _) => fault(FaultKind::NotDone),
        (Answer::Silence, _) => fault(FaultKind::InDoubt),
    };
    match call.method {
        Method::Step => Input::StepEnded { step, item, attempt, end },
        Method::Check => Input::CheckEnded { step, item, attempt, end },
        Method::Compensation => Input::CompensationEnded { step, item, attempt, end },
    }
}

/// The instance.
fn id() -> InstanceId {
    InstanceId::new("instance-1").expect("the id is valid")
}
