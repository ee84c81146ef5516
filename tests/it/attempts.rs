//! Attempts that end badly: each is in doubt, nothing is lost, and nobody else is harmed.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use sagas::journal::{Event, Next};
use sagas::prelude::*;
use sagas::{Error, StepState, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::support::data::{Data, on_both};
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{builder, open, start};

/// What the one step of [`Odd`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Oddity {
    Fine,
    PanicAtOnce,
    PanicLater,
    PanicInDrop,
    NeverReturn,
    Return2MiB,
    ReturnMapWithoutTexts,
    ReturnWhatPanicsWhenWritten,
    ReturnWhatPanicsWhenRead,
    ReturnWhatPanicsWhenDropped,
}

/// A saga whose second step is odd as often as it is told, then fine.
#[derive(Debug, Clone, Default)]
struct Odd {
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Odd {
    fn called(&self, what: &'static str) {
        self.calls.lock().unwrap().push(what);
    }

    fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }
}

/// What the odd step returns.
#[derive(Debug, Default)]
struct Output {
    text: String,
    trap: Option<Oddity>,
}

impl Output {
    fn text(text: String) -> Self {
        Self { text, trap: None }
    }

    fn trap(trap: Oddity) -> Self {
        Self { text: String::new(), trap: Some(trap) }
    }
}

impl Serialize for Output {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.trap {
            Some(Oddity::ReturnWhatPanicsWhenWritten) => std::panic::resume_unwind(Box::new("written")),
            Some(Oddity::ReturnMapWithoutTexts) => HashMap::from([((1, 2), 3)]).serialize(serializer),
            trap => (&self.text, trap).serialize(serializer),
        }
    }
}

/// Whether a value that panics when it is read was read.
static READ_BEFORE: AtomicBool = AtomicBool::new(false);

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (text, trap) = Deserialize::deserialize(deserializer)?;
        // The first reading is that of the attempt itself, which makes sure that it can be read.
        if trap == Some(Oddity::ReturnWhatPanicsWhenRead) && READ_BEFORE.swap(true, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("read"));
        }
        Ok(Self { text, trap })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.trap == Some(Oddity::ReturnWhatPanicsWhenDropped) && !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
}

/// A future that panics when it is dropped.
struct Bomb;

impl Future for Bomb {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
}

#[saga]
impl Odd {
    #[step(compensate = cancel, idempotent)]
    async fn before(&self, input: &Oddity) -> Result<u32, StepError> {
        let _ = input;
        self.called("before");
        Ok(1)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        self.called("cancel");
        Ok(())
    }

    #[step(compensate = cancel_odd, in_doubt = compensate, timeout = "1s")]
    async fn odd(&self, input: &Oddity) -> Result<Output, StepError> {
        self.called("odd");
        match *input {
            Oddity::Fine => {}
            Oddity::PanicAtOnce => std::panic::resume_unwind(Box::new("at once")),
            Oddity::PanicLater => {
                tokio::task::yield_now().await;
                std::panic::resume_unwind(Box::new("later".to_owned()));
            }
            Oddity::PanicInDrop => Bomb.await,
            Oddity::NeverReturn => std::future::pending().await,
            Oddity::Return2MiB => return Ok(Output::text("x".repeat(2 * 1024 * 1024))),
            trap => return Ok(Output::trap(trap)),
        }
        Ok(Output::default())
    }
    async fn cancel_odd(&self, odd: Option<&Output>) -> Result<(), StepError> {
        assert!(odd.is_none(), "nobody knows what came of it");
        self.called("cancel_odd");
        Ok(())
    }

    #[step(read_only)]
    async fn last(&self, odd: &Output) -> Result<usize, StepError> {
        self.called("last");
        Ok(odd.text.len())
    }
}

/// The outcome of an odd instance, after which another one goes on as ever.
async fn outcome_of(data: &Data, flow: &Odd, oddity: Oddity) -> Outcome<Odd> {
    let orchestrator = Orchestrator::builder(data.open()).register(flow.clone()).build().await.unwrap();
    let odd = orchestrator.start::<Odd>("odd", oddity).await.unwrap();
    let outcome = odd.outcome().await.unwrap();
    let calls = flow.calls();
    let fine = orchestrator.start::<Odd>("fine", Oddity::Fine).await.unwrap();
    assert_eq!(fine.outcome().await.unwrap(), Outcome::Completed(0), "{oddity:?}: others go on");
    orchestrator.shutdown().await;
    *flow.calls.lock().unwrap() = calls;
    outcome
}

#[tokio::test(start_paused = true)]
async fn peer_i14_whatever_an_attempt_does_or_returns_it_is_in_doubt_and_compensated() {
    let cases = [
        (Oddity::PanicAtOnce, "panicked", "panicked: at once"),
        (Oddity::PanicLater, "panicked", "panicked: later"),
        (Oddity::PanicInDrop, "panicked", "panicked: dropped"),
        (Oddity::NeverReturn, "timeout", "no answer within 1s"),
        (
            Oddity::Return2MiB,
            "output_too_large",
            "the output has 2097161 bytes, more than the limit of 1048576",
        ),
        (
            Oddity::ReturnMapWithoutTexts,
            "output_not_encodable",
            "a value of `it::attempts::Output` cannot be written as JSON",
        ),
        (Oddity::ReturnWhatPanicsWhenWritten, "panicked", "panicked: written"),
    ];
    for (oddity, code, message) in cases {
        let (data, flow) = (Data::memory(), Odd::default());
        let outcome = outcome_of(&data, &flow, oddity).await;
        let Outcome::Compensated(failure) = outcome else { panic!("{oddity:?}: {outcome:?}") };
        assert_eq!((failure.step, failure.kind), (Some(OddStep::Odd), FailureKind::InDoubt), "{oddity:?}");
        assert_eq!((failure.code.as_deref(), failure.message.as_str()), (Some(code), message));
        assert_eq!(flow.calls(), ["before", "odd", "cancel_odd", "cancel"], "{oddity:?}");
        let journal = data.journal("odd").await;
        let failed = journal.iter().flat_map(|entry| &entry.events).find_map(|event| match event {
            Event::AttemptFailed { next, .. } => Some(next),
            _ => None,
        });
        assert_eq!(failed, Some(&Next::InDoubt), "{oddity:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_panics_when_it_is_dropped_harms_nobody() {
    let flow = Odd::default();
    let outcome = outcome_of(&Data::memory(), &flow, Oddity::ReturnWhatPanicsWhenDropped).await;
    assert_eq!(outcome, Outcome::Completed(0));
}

#[tokio::test(start_paused = true)]
async fn a_stored_value_whose_reading_panics_parks_and_harms_nobody() {
    let (data, flow) = (Data::memory(), Odd::default());
    let store = data.open();
    let plan = store.plan();
    let orchestrator = Orchestrator::builder(store).register(flow.clone()).build().await.unwrap();
    plan.on_append({
        // Before the last step's start is acknowledged the process is gone.
        let plan = plan.clone();
        move |_, _| {
            if plan.commits() == 3 {
                plan.hold();
            }
        }
    });
    orchestrator.start::<Odd>("odd", Oddity::ReturnWhatPanicsWhenRead).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let second = Orchestrator::builder(data.open()).register(flow.clone()).build().await.unwrap();
    let outcome = second.handle::<Odd>("odd").outcome().await.unwrap();
    let Outcome::Parked(parked) = outcome else { panic!("{outcome:?}") };
    assert_eq!((parked.step, parked.reason), (OddStep::Odd, ParkReason::Decode));
    let fine = second.start::<Odd>("fine", Oddity::Fine).await.unwrap();
    assert_eq!(fine.outcome().await.unwrap(), Outcome::Completed(0));
    second.shutdown().await;
}

#[test]
fn i14_a_panic_or_a_lost_answer_anywhere_leaves_nothing_behind() {
    on_both(async |data| {
        let steps = ["create_order", "reserve", "pay", "ship", "notify"];
        let world = steps.iter().fold(World::default(), |world, step| world.script(step, &[Act::Panic]));
        let orchestrator = open(data.open(), &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!(world.in_force().len(), 5);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_step_that_never_answers_is_given_up_and_called_again() {
    let world = World::default().script("create_order", &[Act::Hang, Act::Hang]);
    let orchestrator = open(Data::memory().open(), &world).await;
    let handle = start(&orchestrator, "order-1").await;
    world.called("create_order", 1).await;
    let status = handle.status().await.unwrap();
    assert_eq!(status.steps[0].state, StepState::Running);
    let outcome = handle.outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.count("create_order"), 3);
    assert_eq!(world.in_force().len(), 5);
    orchestrator.shutdown().await;
}

#[test]
fn an_output_over_the_limit_is_in_doubt() {
    on_both(async |data| {
        let flow = Odd::default();
        let orchestrator = Orchestrator::builder(data.open())
            .register(flow.clone())
            .payload_limit(20)
            .build()
            .await
            .unwrap();
        let handle = orchestrator.start::<Odd>("odd", Oddity::Return2MiB).await.unwrap();
        let outcome = handle.outcome().await.unwrap();
        let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.code.as_deref(), Some("output_too_large"));
        orchestrator.shutdown().await;
    });
}

/// A service that asks to be left alone for a while.
#[derive(Debug, thiserror::Error, Fault)]
enum Busy {
    #[error("busy")]
    #[fault(not_done, code = "busy", retry_after = "7m")]
    Busy,
}

/// A saga that notes when it is called.
struct Patient {
    called: Arc<Mutex<Vec<Instant>>>,
}

#[saga]
impl Patient {
    #[step(read_only, retry(attempts = 3, initial = "1s", factor = 3, jitter = false))]
    async fn ask(&self) -> Result<u32, Busy> {
        let mut called = self.called.lock().unwrap();
        called.push(Instant::now());
        if called.len() == 1 { Err(Busy::Busy) } else { Ok(5) }
    }

    #[step(read_only, retry(attempts = 4, initial = "1s", factor = 3, max = "5s", jitter = false))]
    async fn ask_more(&self, ask: &u32) -> Result<u32, StepError> {
        self.called.lock().unwrap().push(Instant::now());
        Err(StepError::not_done(format!("not yet, {ask}")))
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_left_alone_as_long_as_it_asks_else_as_the_policy_says() {
    let called = Arc::new(Mutex::new(Vec::new()));
    let flow = Patient { called: Arc::clone(&called) };
    let orchestrator = Orchestrator::builder(MemoryStore::new()).register(flow).build().await.unwrap();
    let handle = orchestrator.start::<Patient>("patient", ()).await.unwrap();
    let outcome = handle.outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    orchestrator.shutdown().await;
    let called = called.lock().unwrap();
    let waits: Vec<_> = called.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(waits, [7 * 60, 0, 1, 3, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_backoff_is_durable() {
    let data = Data::memory();
    // Simulated time goes on between two lives, the system's does not.
    let clock = SystemClock::new();
    let called = Arc::new(Mutex::new(Vec::new()));
    let open = async || {
        let flow = Patient { called: Arc::clone(&called) };
        Orchestrator::builder(data.open()).register(flow).clock(clock).build().await.unwrap()
    };
    let orchestrator = open().await;
    orchestrator.start::<Patient>("patient", ()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    orchestrator.shutdown().await;
    let journal = data.journal("patient").await;
    let retry_at = journal.iter().flat_map(|entry| &entry.events).find_map(|event| match event {
        Event::AttemptFailed { next: Next::RetryAt(at), .. } => Some(*at),
        _ => None,
    });
    assert_eq!(retry_at, Some(journal[0].at.plus(Duration::from_secs(7 * 60))), "as the service asked");

    let first = called.lock().unwrap()[0];
    let orchestrator = open().await;
    tokio::time::sleep(Duration::from_secs(5 * 60)).await;
    assert_eq!(called.lock().unwrap().len(), 1, "it is left alone by the next process too");
    let handle = orchestrator.handle::<Patient>("patient");
    let _ = handle.outcome().await.unwrap();
    let waited = called.lock().unwrap()[1] - first;
    assert_eq!(waited.as_secs(), 7 * 60);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_waits_long_leaves_its_place_to_others() {
    let called = Arc::new(Mutex::new(Vec::new()));
    let world = World::default();
    let orchestrator = builder(Data::memory().open(), &world)
        .register(Patient { called: Arc::clone(&called) })
        .max_active(1)
        .build()
        .await
        .unwrap();
    let patient = orchestrator.start::<Patient>("patient", ()).await.unwrap();
    let shop = start(&orchestrator, "order-1").await;
    let outcome: Result<Outcome<Shop>, Error> = shop.outcome().await;
    assert!(matches!(outcome, Ok(Outcome::Completed(_))), "{outcome:?}");
    assert_eq!(patient.try_outcome().await.unwrap(), None, "it waits yet");
    let outcome = patient.outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    orchestrator.shutdown().await;
}
