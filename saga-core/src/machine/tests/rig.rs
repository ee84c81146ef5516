//! What the tests share: short ways to write definitions, inputs and events, and a rig that holds a machine, its
//! journal and a clock.

use std::sync::Arc;
use std::time::Duration;

use crate::definition::{
    CheckDefinition, CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind,
};
use crate::fault::{FaultKind, FaultRecord};
use crate::id::{Epoch, InstanceId, Seq, StepIndex, StepName};
use crate::journal::{
    Cause, CheckNext, CompensationNext, Entry, Event, FailureKind, Loss, Next, ParkReason, Payload,
    ResolutionKind,
};
use crate::machine::record::Record;
use crate::machine::{
    Answer, AttemptEnd, Decision, Gate, Input, Machine, Pace, Question, Target, Unexpected,
};
use crate::retry::RetryPolicy;
use crate::time::Timestamp;

pub(super) const START: u64 = 1_000_000;

/// Delays of 100 ms, 200 ms, .. without jitter, `attempts` calls in all.
pub(super) fn plain_retry(attempts: u32) -> RetryPolicy {
    RetryPolicy::FORWARD.attempts(attempts).jitter(false)
}

/// Delays of 100 ms, 200 ms, .. without jitter, without limit.
pub(super) fn endless_retry() -> RetryPolicy {
    RetryPolicy::PERSISTENT.jitter(false)
}

/// A compensatable step whose compensation uses the output like this.
pub(super) fn step_with(name: &str, output: OutputUse) -> StepDefinition {
    let compensation = CompensationDefinition::new("compensate", output).retry(endless_retry());
    StepDefinition::new(name, StepKind::Compensatable).retry(plain_retry(3)).compensation(compensation)
}

/// A compensatable step whose compensation does without its output.
pub(super) fn step(name: &str) -> StepDefinition {
    step_with(name, OutputUse::Optional)
}

pub(super) fn pivot(name: &str) -> StepDefinition {
    StepDefinition::new(name, StepKind::Pivot).retry(plain_retry(3)).retry_in_doubt(endless_retry())
}

pub(super) fn retriable(name: &str) -> StepDefinition {
    StepDefinition::new(name, StepKind::Retriable).retry(endless_retry())
}

pub(super) fn read_only(name: &str) -> StepDefinition {
    StepDefinition::new(name, StepKind::ReadOnly).retry(plain_retry(3))
}

/// A check that waits a second, and is asked again after 100 ms, 200 ms, ..
pub(super) fn check() -> CheckDefinition {
    CheckDefinition::new("check").after(Duration::from_secs(1)).retry(endless_retry())
}

/// Steps one after the other.
pub(super) fn chain(steps: impl IntoIterator<Item = StepDefinition>) -> Vec<StepDefinition> {
    let steps = steps.into_iter().enumerate();
    steps.map(|(at, step)| if at == 0 { step } else { step.after(&[at - 1]) }).collect()
}

/// A machine with its journal and a clock. Every entry is checked: the fold of the journal is the live state.
pub(super) struct Rig {
    pub(super) definition: Arc<Definition>,
    pub(super) machine: Machine,
    pub(super) journal: Vec<Entry>,
    pub(super) now: Timestamp,
    pub(super) pace: Pace,
    /// How many more attempts of steps with a limit may start, all taken together.
    pub(super) room: u32,
}

/// Starts what its pace and its room allow.
#[derive(Debug, Clone)]
struct Room {
    pace: Pace,
    room: u32,
}

impl Gate for Room {
    fn is_open(&self) -> bool {
        self.pace == Pace::Go
    }

    fn may_start(&mut self, _step: StepIndex) -> bool {
        let has_room = self.room > 0;
        self.room = self.room.saturating_sub(1);
        has_room
    }
}

impl Rig {
    /// Begins an instance. The events are what follows `SagaStarted`.
    pub(super) fn begin(steps: Vec<StepDefinition>) -> (Self, Vec<Event>) {
        Self::begin_at(steps, Pace::Go)
    }

    pub(super) fn begin_at(steps: Vec<StepDefinition>, pace: Pace) -> (Self, Vec<Event>) {
        let output = steps.len() - 1;
        Self::begin_saga(Definition::new("saga", 1, steps, output), pace)
    }

    pub(super) fn begin_saga(definition: Definition, pace: Pace) -> (Self, Vec<Event>) {
        let definition = Arc::new(definition);
        let now = Timestamp::from_millis(START);
        let mut gate = Room { pace, room: u32::MAX };
        let (machine, events) = Machine::begin(definition.clone(), id(), Payload::NOTHING, now, &mut gate);
        let mut rig = Self { definition, machine, journal: Vec::new(), now, pace, room: u32::MAX };
        rig.append(&events);
        assert!(matches!(events.first(), Some(Event::SagaStarted { .. })));
        (rig, events.into_iter().skip(1).collect())
    }

    /// Begins an instance and lets each step in `names` succeed, as far as it goes without a failure.
    pub(super) fn begin_and_pass(steps: Vec<StepDefinition>, names: &[&str]) -> Self {
        let (mut rig, _) = Self::begin(steps);
        for name in names {
            rig.ok(name);
        }
        rig
    }

    pub(super) fn handle(&mut self, input: Input) -> Vec<Event> {
        self.try_handle(input).expect("the input fits")
    }

    /// Handles `input`, checks I4 and that nothing more is to be had at the same time.
    pub(super) fn try_handle(&mut self, input: Input) -> Result<Vec<Event>, Unexpected> {
        let before = self.machine.state().clone();
        let mut gate = Room { pace: self.pace, room: self.room };
        let events = match self.machine.handle(input, self.now, &mut gate) {
            Ok(events) => events,
            Err(unexpected) => {
                assert_eq!(*self.machine.state(), before, "a refused input leaves the state");
                return Err(unexpected);
            }
        };
        self.room = gate.room;
        self.append(&events);
        let more = self.machine.clone().handle(Input::Proceed, self.now, &mut gate);
        assert_eq!(more, Ok(Vec::new()), "an input leaves nothing undone");
        Ok(events)
    }

    fn append(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let seq = self.journal.last().map_or(Seq::FIRST, |entry| entry.seq.next());
        self.journal.push(Entry { seq, epoch: Epoch::new(1), at: self.now, events: events.to_vec() });
        let replayed = Machine::replay(self.definition.clone(), id(), &self.journal).expect("it replays");
        assert_eq!(replayed.state(), self.machine.state(), "I4: the fold is the live state");
    }

    pub(super) fn ok(&mut self, name: &str) -> Vec<Event> {
        self.step_ends(name, AttemptEnd::Succeeded(Payload::NOTHING))
    }

    pub(super) fn fail(&mut self, name: &str, kind: FaultKind) -> Vec<Event> {
        self.step_ends(name, AttemptEnd::Failed(fault(kind)))
    }

    pub(super) fn step_ends(&mut self, name: &str, end: AttemptEnd) -> Vec<Event> {
        let (step, item) = self.place(name);
        let attempt = self.record(name).attempts.made;
        self.handle(Input::StepEnded { step, item, attempt, end })
    }

    pub(super) fn check_ends(&mut self, name: &str, end: AttemptEnd) -> Vec<Event> {
        let (step, item) = self.place(name);
        let attempt = self.record(name).checks.made;
        self.handle(Input::CheckEnded { step, item, attempt, end })
    }

    pub(super) fn compensated(&mut self, name: &str) -> Vec<Event> {
        self.compensation_ends(name, AttemptEnd::Succeeded(Payload::NOTHING))
    }

    pub(super) fn compensation_fails(&mut self, name: &str, kind: FaultKind) -> Vec<Event> {
        self.compensation_ends(name, AttemptEnd::Failed(fault(kind)))
    }

    fn compensation_ends(&mut self, name: &str, end: AttemptEnd) -> Vec<Event> {
        let (step, item) = self.place(name);
        let attempt = self.record(name).compensations.made;
        self.handle(Input::CompensationEnded { step, item, attempt, end })
    }

    /// `ms` later, asks what is due.
    pub(super) fn later(&mut self, ms: u64) -> Vec<Event> {
        self.now = Timestamp::from_millis(self.now.as_millis() + ms);
        self.handle(Input::Proceed)
    }

    /// The process dies and the journal is read back.
    pub(super) fn crash(&mut self) -> Vec<Event> {
        self.die(Loss::CutOff)
    }

    /// The process dies, and this is known of it when the journal is read back.
    pub(super) fn die(&mut self, loss: Loss) -> Vec<Event> {
        self.machine = Machine::replay(self.definition.clone(), id(), &self.journal).expect("it replays");
        // Nothing starts before all of it is taken down.
        let pace = std::mem::replace(&mut self.pace, Pace::Hold);
        let mut events = self.handle(Input::ClockChanged);
        self.pace = pace;
        events.extend(self.handle(Input::Recovered { loss }));
        events
    }

    /// Somebody decides on one parked step or item.
    pub(super) fn resolve(&mut self, step: &str, decision: Decision) -> Result<Vec<Event>, Unexpected> {
        let (step, item) = self.place(step);
        let (who, note) = ("ann".to_owned(), "fixed".to_owned());
        self.try_handle(Input::Resolve { target: Target::One { step, item }, decision, who, note })
    }

    /// Why that is no way for a parked step or item to go on.
    pub(super) fn why_not(&mut self, step: &str, decision: Decision) -> String {
        match self.resolve(step, decision) {
            Err(Unexpected::NotApplicable { why }) => why,
            other => panic!("it is {other:?}"),
        }
    }

    pub(super) fn retry(&mut self) -> Vec<Event> {
        self.handle(resolve_all(Decision::Retry))
    }

    /// The condition of a step says this.
    pub(super) fn holds(&mut self, step: &str, holds: bool) -> Vec<Event> {
        let step = self.index(step);
        assert_eq!(self.machine.question(), Some(Question::Condition(step)));
        self.handle(Input::Answered { step, answer: Answer::Holds(holds) })
    }

    /// The list of a step has so many items.
    pub(super) fn lists(&mut self, step: &str, count: usize) -> Vec<Event> {
        let step = self.index(step);
        assert_eq!(self.machine.question(), Some(Question::Items(step)));
        self.handle(Input::Answered { step, answer: Answer::Items(vec![Payload::NOTHING; count]) })
    }

    /// A message comes.
    pub(super) fn signal(&mut self, step: &str, id: &str) -> Vec<Event> {
        let (step, id) = (self.index(step), id.to_owned());
        self.handle(Input::Signal { step, id, payload: Payload::NOTHING })
    }

    pub(super) fn cancel(&mut self, kind: FailureKind) -> Result<Vec<Event>, Unexpected> {
        self.try_handle(Input::Cancel { kind, who: None, message: "why".to_owned() })
    }

    /// A pure method or a value parks the instance.
    pub(super) fn park(&mut self, step: &str, reason: ParkReason) -> Vec<Event> {
        let (step, item) = self.place(step);
        self.handle(Input::Park { step, item, reason, message: "why".to_owned() })
    }

    pub(super) fn index(&self, step: &str) -> StepIndex {
        self.definition.index_of(&name(step)).expect("the saga has the step")
    }

    /// Where a step, or an item such as `a/3`, is.
    pub(super) fn place(&self, step: &str) -> (StepIndex, Option<u32>) {
        (self.index(step), item(step))
    }

    /// What is known of a step or item.
    pub(super) fn record(&self, step: &str) -> &Record {
        let (index, item) = self.place(step);
        let record = &self.machine.state().steps[index.get()];
        match item {
            None => &record.own,
            Some(item) => record.items.as_ref().and_then(|items| items.get(item)).expect("it has the item"),
        }
    }

    /// The time `ms` from now.
    pub(super) fn after(&self, ms: u64) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() + ms)
    }
}

/// Somebody decides on everything that is parked.
pub(super) fn resolve_all(decision: Decision) -> Input {
    Input::Resolve { target: Target::All, decision, who: "ann".to_owned(), note: "fixed".to_owned() }
}

pub(super) fn id() -> InstanceId {
    InstanceId::new("instance-1").expect("the id is valid")
}

pub(super) fn fault(kind: FaultKind) -> FaultRecord {
    FaultRecord::new(kind, "code", "what the service said")
}

/// The name of a step, of which `step` may be an item: `a` of `a/3`.
pub(super) fn name(step: &str) -> StepName {
    StepName::new(step.split('/').next().expect("a text has a first part"))
}

/// Which item `step` is, if it is one: 3 of `a/3`.
pub(super) fn item(step: &str) -> Option<u32> {
    let (_, item) = step.split_once('/')?;
    Some(item.parse().expect("an item is a number"))
}

pub(super) fn skipped(step: &str) -> Event {
    Event::StepSkipped { step: name(step) }
}

pub(super) fn held(step: &str) -> Event {
    Event::ConditionHeld { step: name(step) }
}

pub(super) fn delayed(step: &str, until: Timestamp) -> Event {
    Event::StepDelayed { step: name(step), until }
}

pub(super) fn awaited(step: &str, until: Option<Timestamp>) -> Event {
    Event::SignalAwaited { step: name(step), until }
}

pub(super) fn received(step: &str, id: &str) -> Event {
    Event::SignalReceived { step: name(step), id: id.to_owned(), payload: Payload::NOTHING }
}

pub(super) fn missed(step: &str, next: Next) -> Event {
    Event::SignalMissed { step: name(step), next }
}

pub(super) fn listed(step: &str, count: usize) -> Event {
    Event::ItemsListed { step: name(step), items: vec![Payload::NOTHING; count] }
}

pub(super) fn started(step: &str, attempt: u32) -> Event {
    Event::StepStarted { step: name(step), item: item(step), attempt }
}

pub(super) fn succeeded(step: &str) -> Event {
    Event::StepSucceeded { step: name(step), item: item(step), output: Payload::NOTHING }
}

pub(super) fn failed(step: &str, attempt: u32, kind: FaultKind, next: Next) -> Event {
    failed_with(step, attempt, fault(kind), next)
}

pub(super) fn failed_with(step: &str, attempt: u32, fault: FaultRecord, next: Next) -> Event {
    Event::AttemptFailed { step: name(step), item: item(step), attempt, fault, next }
}

pub(super) fn lost(step: &str, attempt: u32, next: Next) -> Event {
    lost_as(step, attempt, Loss::CutOff, next)
}

pub(super) fn lost_as(step: &str, attempt: u32, loss: Loss, next: Next) -> Event {
    Event::AttemptLost { step: name(step), item: item(step), attempt, loss, next }
}

pub(super) fn decided(step: &str, kind: FailureKind, attempts: u32) -> Event {
    decided_by(step, kind, Some("code"), "what the service said", attempts)
}

pub(super) fn decided_by_loss(step: &str, attempts: u32) -> Event {
    let message = "the process died before the attempt had ended";
    decided_by(step, FailureKind::InDoubt, Some("lost"), message, attempts)
}

/// No step failed: the instance was cancelled, or reverted.
pub(super) fn turned(kind: FailureKind, message: &str) -> Event {
    let cause = Cause {
        step: None,
        item: None,
        kind,
        code: None,
        message: message.to_owned(),
        attempts: 0,
        who: None,
    };
    Event::CompensationDecided { cause }
}

pub(super) fn decided_by_silence(step: &str) -> Event {
    let message = "no signal came in time";
    decided_by(step, FailureKind::Rejected, Some("signal_timeout"), message, 0)
}

pub(super) fn decided_by(
    step: &str,
    kind: FailureKind,
    code: Option<&str>,
    message: &str,
    attempts: u32,
) -> Event {
    let (step, item, code) = (Some(name(step)), item(step), code.map(str::to_owned));
    let cause = Cause { step, item, kind, code, message: message.to_owned(), attempts, who: None };
    Event::CompensationDecided { cause }
}

pub(super) fn check_started(step: &str, attempt: u32) -> Event {
    Event::CheckStarted { step: name(step), item: item(step), attempt }
}

pub(super) fn checked_void(step: &str, next: Next) -> Event {
    Event::CheckedVoid { step: name(step), item: item(step), next }
}

/// The service did not know.
pub(super) fn check_unknown(step: &str, attempt: u32, next: CheckNext) -> Event {
    Event::CheckFailed { step: name(step), item: item(step), attempt, fault: None, lost: None, next }
}

pub(super) fn check_failed(step: &str, attempt: u32, fault: FaultRecord, next: CheckNext) -> Event {
    Event::CheckFailed { step: name(step), item: item(step), attempt, fault: Some(fault), lost: None, next }
}

/// The check died with the process.
pub(super) fn check_lost(step: &str, attempt: u32, loss: Loss, next: CheckNext) -> Event {
    let fault = Some(crate::machine::loss::fault());
    Event::CheckFailed { step: name(step), item: item(step), attempt, fault, lost: Some(loss), next }
}

/// The compensation died with the process.
pub(super) fn compensation_lost(step: &str, attempt: u32, loss: Loss, next: CompensationNext) -> Event {
    let fault = crate::machine::loss::fault();
    Event::CompensationFailed { step: name(step), item: item(step), attempt, fault, lost: Some(loss), next }
}

pub(super) fn compensating(step: &str, attempt: u32) -> Event {
    Event::CompensationStarted { step: name(step), item: item(step), attempt }
}

pub(super) fn compensation_succeeded(step: &str) -> Event {
    Event::CompensationSucceeded { step: name(step), item: item(step) }
}

pub(super) fn compensation_failed(
    step: &str,
    attempt: u32,
    kind: FaultKind,
    next: CompensationNext,
) -> Event {
    Event::CompensationFailed {
        step: name(step),
        item: item(step),
        attempt,
        fault: fault(kind),
        lost: None,
        next,
    }
}

pub(super) fn blocked(step: &str, reason: ParkReason) -> Event {
    Event::Parked { step: name(step), item: item(step), reason, message: "why".to_owned() }
}

pub(super) fn resolved(step: &str) -> Event {
    resolved_as(step, ResolutionKind::Retry)
}

pub(super) fn resolved_as(step: &str, how: ResolutionKind) -> Event {
    Event::Resolved {
        step: name(step),
        item: item(step),
        how,
        who: "ann".to_owned(),
        note: "fixed".to_owned(),
    }
}
