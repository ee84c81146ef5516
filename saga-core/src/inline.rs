//! Running a saga without a store: the same machine, in this process only.
//!
//! Steps, retries, checks and compensations follow the same rules as under an orchestrator, but nothing is
//! durable and nothing is encoded: when the process dies or the future is dropped, the instance is gone where it
//! was. For tests, and for programs that need compensation only as long as they live.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;
use tracing::Span;
use uuid::Uuid;

use crate::context::{Attempt, StepContext};
use crate::definition::Definition;
use crate::id::{InstanceId, StepIndex, StepName};
use crate::journal::{Event, InstanceState, Payload};
use crate::latch::Latch;
use crate::machine::{Action, AttemptEnd, Input, Machine, Pace};
use crate::outcome::{Failure, Outcome, Parked};
use crate::private::{Call, Encoding, Memory, Role};
use crate::runtime::answer::answer;
use crate::runtime::attempt;
use crate::runtime::launch::{input_of, timeout_of};
use crate::runtime::{Clock, SystemClock};
use crate::saga::{Inline, Saga, Step};
use crate::time::Timestamp;

/// An instance under way.
///
/// Its type has a name so that a saga that cannot run inline is one mistake, at the call: the bound of an `async
/// fn` would be checked again wherever its future is used.
type Run<'a, S> = Pin<Box<dyn Future<Output = Outcome<S>> + Send + 'a>>;

/// Runs an instance with a random id to its end, without a store. Parked is final here.
///
/// After a crash nothing is known of it: use an [`Orchestrator`](crate::runtime::Orchestrator) where that
/// matters.
pub fn run<S: Inline>(flow: &S, input: S::Input) -> Run<'_, S> {
    let id = InstanceId::unchecked(&Uuid::new_v4().to_string());
    Box::pin(run_instance(id, flow, input))
}

/// Runs an instance with this id, which is what the idempotency keys of its calls are made of. It is taken as it
/// is: there is no store whose rules it could break.
pub fn run_as<S: Inline>(id: impl Into<String>, flow: &S, input: S::Input) -> Run<'_, S> {
    Box::pin(run_instance(InstanceId::unchecked(&id.into()), flow, input))
}

/// The end of an attempt.
struct End {
    step: StepIndex,
    item: Option<u32>,
    role: Role,
    attempt: u32,
    end: AttemptEnd,
}

type Running<'a> = Pin<Box<dyn Future<Output = End> + Send + 'a>>;

async fn run_instance<S: Saga>(id: InstanceId, flow: &S, input: S::Input) -> Outcome<S> {
    let clock = SystemClock::new();
    let memory = Memory::<S>::new(input);
    let cancelled = Arc::new(Latch::default());
    let definition = Arc::new(S::definition());
    let calls = Calls {
        id: id.clone(),
        definition: Arc::clone(&definition),
        flow,
        memory: &memory,
        cancelled: Arc::clone(&cancelled),
    };
    let now = Timestamp::from(clock.now());
    let (mut machine, mut events) = Machine::begin(definition, id, Payload::NOTHING, now, &mut Pace::Go);
    events.extend(calls.answer_all(&mut machine, now));
    let mut running: Vec<Running<'_>> = Vec::new();
    loop {
        for event in &events {
            match Action::of(event) {
                Some(Action::RunStep { step, item, attempt }) => {
                    running.extend(calls.launch(&machine, Role::Step, (step, item), attempt));
                }
                Some(Action::RunCheck { step, item, attempt }) => {
                    running.extend(calls.launch(&machine, Role::Check, (step, item), attempt));
                }
                Some(Action::RunCompensation { step, item, attempt }) => {
                    running.extend(calls.launch(&machine, Role::Compensation, (step, item), attempt));
                }
                Some(Action::CancelAttempts) => {
                    cancelled.set();
                }
                Some(Action::WakeAt(_) | Action::Finish) | None => {}
            }
        }
        let is_parked = machine.instance_state() == InstanceState::Parked;
        if running.is_empty() && (is_parked || machine.next_wake().is_none()) {
            break;
        }
        let (input, at) = next(&mut running, machine.next_wake(), &clock).await;
        // An end that comes too late makes nothing true.
        events = machine.handle(input, at, &mut Pace::Go).unwrap_or_default();
        events.extend(calls.answer_all(&mut machine, at));
    }
    drop(running);
    drop(calls);
    outcome(&machine, memory)
}

/// Waits for the first of: an attempt ends, the time comes.
async fn next(
    running: &mut Vec<Running<'_>>,
    wake: Option<Timestamp>,
    clock: &SystemClock,
) -> (Input, Timestamp) {
    let first = poll_fn(|cx| Poll::Ready(poll_any(running, cx))).await;
    let end = match (first, wake) {
        (Poll::Ready(end), _) => end,
        (Poll::Pending, None) => poll_fn(|cx| poll_any(running, cx)).await,
        (Poll::Pending, Some(at)) => {
            let wait = at.since(clock.now().into());
            tokio::select! {
                end = poll_fn(|cx| poll_any(running, cx)) => end,
                () = tokio::time::sleep(wait) => return (Input::Proceed, at.max(clock.now().into())),
            }
        }
    };
    (input_of(end.role, end.step, end.item, end.attempt, end.end), clock.now().into())
}

/// Polls what runs; the first that has ended is taken out.
fn poll_any(running: &mut Vec<Running<'_>>, cx: &mut Context<'_>) -> Poll<End> {
    let ended = running.iter_mut().enumerate().find_map(|(at, future)| match future.as_mut().poll(cx) {
        Poll::Ready(end) => Some((at, end)),
        Poll::Pending => None,
    });
    match ended {
        Some((at, end)) => {
            drop(running.swap_remove(at));
            Poll::Ready(end)
        }
        None => Poll::Pending,
    }
}

/// What attempts are made of.
struct Calls<'a, S: Saga> {
    id: InstanceId,
    definition: Arc<Definition>,
    flow: &'a S,
    memory: &'a Memory<S>,
    cancelled: Arc<Latch>,
}

impl<'a, S: Saga> Calls<'a, S> {
    /// Answers what the machine asks of the pure methods, for as long as it asks.
    fn answer_all(&self, machine: &mut Machine, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(question) = machine.question() {
            let ask = |ask, encoding| self.flow.ask(ask, self.memory, encoding);
            let input = answer(question, ask, Encoding::Nothing);
            // What was asked may be answered, so nothing is refused.
            events.extend(machine.handle(input, now, &mut Pace::Go).unwrap_or_default());
        }
        events
    }

    fn launch(
        &self,
        machine: &Machine,
        role: Role,
        (name, item): (&StepName, Option<u32>),
        attempt: u32,
    ) -> Option<Running<'a>> {
        let step = self.definition.index_of(name)?;
        let timeout = timeout_of(&self.definition, step, role)?;
        let failure: Option<Failure> = machine.failure();
        let cx = StepContext::new(Attempt {
            namespace: None,
            saga: self.definition.name(),
            instance: self.id.clone(),
            step: name.clone(),
            item,
            attempt,
            compensation: role == Role::Compensation,
            deadline: Instant::now().checked_add(timeout),
            cancelled: failure.is_none().then(|| Arc::clone(&self.cancelled)),
            trace: None,
            span: Span::current(),
        });
        let (flow, memory) = (self.flow, self.memory);
        Some(Box::pin(async move {
            let encoding = Encoding::Nothing;
            let at = item.and_then(|item| usize::try_from(item).ok());
            let call =
                Call { step: step.get(), item: at, role, cx: &cx, failure: failure.as_ref(), encoding };
            let end = attempt::run(|| flow.call(call, memory), timeout).await;
            End { step, item, role, attempt, end }
        }))
    }
}

/// How the instance ended.
#[expect(
    clippy::expect_used,
    reason = "an instance for which nothing runs and that waits for nothing has ended or is parked, at a step of its saga"
)]
fn outcome<S: Saga>(machine: &Machine, memory: Memory<S>) -> Outcome<S> {
    let step = |name: &StepName| S::Step::ALL.iter().find(|step| *name == step.name()).copied();
    if machine.instance_state() == InstanceState::Completed {
        return Outcome::Completed(S::output(memory.outputs).expect("a completed saga has its output"));
    }
    if machine.instance_state() == InstanceState::Compensated {
        let failure = machine.failure().expect("a compensated saga has a failure");
        let Failure { step: name, item, kind, code, message, attempts, .. } = failure;
        let step = name.as_ref().and_then(step);
        let skipped = Vec::new();
        return Outcome::Compensated(Failure { step, item, kind, code, message, attempts, skipped });
    }
    let parked = machine.parked().expect("a saga that has not ended is parked");
    let Parked { step: name, item, reason, message, attempts, since } = parked;
    let step = step(&name).expect("it is parked at one of its steps");
    Outcome::Parked(Parked { step, item, reason, message, attempts, since })
}
