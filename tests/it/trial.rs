//! After two unclean ends in a row, what was running is brought back under suspicion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use sagas::prelude::*;
use sagas::{Clock, SystemClock};

use crate::support::soon;
use crate::support::world::{Act, World};

/// `left` and then `far`, beside `right`.
#[derive(Debug, Clone)]
struct Branches {
    world: World,
}

#[saga(name = "branches")]
impl Branches {
    #[step(after(), compensate = cancel_left, idempotent, retry(attempts = unlimited, initial = "10ms"))]
    async fn left(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel_left(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(after(left), compensate = cancel_far, idempotent)]
    async fn far(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel_far(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(after(), compensate = cancel_right, idempotent, retry(attempts = unlimited, initial = "10ms", jitter = false))]
    async fn right(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel_right(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// A clock that counts how often it is read.
#[derive(Clone)]
struct Counted {
    clock: SystemClock,
    reads: Arc<AtomicUsize>,
}

impl Clock for Counted {
    fn now(&self) -> SystemTime {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.clock.now()
    }
}

async fn build(store: &MemoryStore, world: &World, clock: &Counted) -> Orchestrator {
    let flow = Branches { world: world.clone() };
    Orchestrator::builder(store.clone()).register(flow).clock(clock.clone()).build().await.unwrap()
}

/// What a process leaves behind that dies with both branches running, after its lease has passed.
async fn die(store: &MemoryStore, clock: &Counted) -> MemoryStore {
    let world = World::default().script("left", &[Act::Hang]).script("right", &[Act::Hang]);
    let orchestrator = build(store, &world, clock).await;
    orchestrator.start::<Branches>("one", ()).await.unwrap();
    world.called("left", 1).await;
    world.called("right", 1).await;
    let left_behind = store.fork();
    orchestrator.shutdown().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    left_behind
}

/// How often others may run before something that goes round in circles would have shown.
const ROUNDS: usize = 500;

#[tokio::test(start_paused = true)]
async fn i18_one_that_gave_its_place_back_on_trial_waits_quietly_for_what_it_still_runs() {
    let clock = Counted { clock: SystemClock::new(), reads: Arc::default() };
    let first = die(&MemoryStore::new(), &clock).await;
    let second = die(&first, &clock).await;

    // It is on trial until `left` and `right` have ended. `far` is under way then, and `right` is to be tried again.
    let world = World::default().script("far", &[Act::Wait]).script("right", &[Act::NotDone]);
    let orchestrator = build(&second, &world, &clock).await;
    world.called("far", 1).await;
    world.called("right", 1).await;
    let mut reads = Vec::new();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_millis(50)).await;
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
        reads.push(clock.reads.load(Ordering::Relaxed));
    }
    assert!(reads[2] - reads[1] < ROUNDS / 10, "it asks what the time is, again and again: {reads:?}");
    world.open();
    let outcome = soon(orchestrator.handle::<Branches>("one").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.in_force().len(), 3);
    orchestrator.shutdown().await;
}
