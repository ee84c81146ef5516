//! Standing in line outside memory: what concerns another branch of an instance is heard all the same, and nobody is
//! forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sagas::prelude::*;
use sagas::{StepState, SystemClock};
use serde::{Deserialize, Serialize};

use crate::support::data::Data;
use crate::support::probe::Asked;
use crate::support::soon;
use crate::support::world::{Act, World};

/// What a branch waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Word(u32);

/// What another branch waits for.
#[derive(Debug, Clone)]
struct Errand {
    world: World,
}

#[saga(name = "errand")]
impl Errand {
    #[step(compensate = cancel, idempotent, timeout = "1h")]
    async fn run(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// One branch calls a service that is called once at a time, the others wait for a word and for a child.
#[derive(Debug, Clone)]
struct Branches {
    world: World,
}

#[saga(name = "branches")]
impl Branches {
    #[step(after(), compensate = take_back, idempotent, max_running = 1, timeout = "1h")]
    async fn call(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn take_back(&self, cx: &StepContext, call: &u32) -> Result<(), StepError> {
        let _ = call;
        self.world.compensate(cx).await
    }

    #[step(after(), signal, compensate = forget, idempotent)]
    async fn word(&self, cx: &StepContext, signal: &Word) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| signal.0)
    }
    async fn forget(&self, cx: &StepContext, word: &u32) -> Result<(), StepError> {
        let _ = word;
        self.world.compensate(cx).await
    }

    #[step(after(), child = Errand)]
    fn errand(&self) {}

    #[step(after(errand), compensate = unpack, idempotent)]
    async fn unpack_errand(&self, cx: &StepContext, errand: &u32) -> Result<u32, StepError> {
        let _ = errand;
        self.world.forward(cx).await
    }
    async fn unpack(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(read_only)]
    async fn join(&self, call: &u32, word: &u32, unpack_errand: &u32) -> Result<u32, StepError> {
        let _ = (call, unpack_errand);
        Ok(*word)
    }
}

async fn open(data: &Data, world: &World) -> Orchestrator {
    let builder = Orchestrator::builder(data.open()).register(Branches { world: world.clone() });
    builder.register(Errand { world: world.clone() }).build().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_word_and_the_end_of_a_child_reach_an_instance_that_stands_in_line() {
    // The first holds the only permit; the child of the second ends when the gate opens.
    let world = World::default().script("call@it-0", &[Act::Hang]).script("run@it-1/errand", &[Act::Wait]);
    let orchestrator = open(&Data::memory(), &world).await;
    orchestrator.start::<Branches>("it-0", ()).await.unwrap();
    soon(world.called("call", 1)).await;
    let second = orchestrator.start::<Branches>("it-1", ()).await.unwrap();
    soon(world.called("run", 2)).await;
    // Until everything that can happen has.
    tokio::time::sleep(Duration::from_secs(1)).await;
    second.signal("word-1", Word(7)).await.unwrap();
    soon(world.called("word", 1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.open();
    soon(world.called("unpack_errand", 2)).await;
    while second.status().await.unwrap().steps[3].state != StepState::Succeeded {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.count("call"), 1, "it stands in line yet");
    let state = second.status().await.unwrap().steps[0].state;
    assert_eq!(state, StepState::Pending);
    assert_eq!(second.try_outcome().await.unwrap(), None);
}

/// Each instance passes two narrow steps.
#[derive(Debug, Clone)]
struct Narrow {
    world: World,
}

#[saga(name = "narrow")]
impl Narrow {
    #[step(compensate = cancel, idempotent, max_running = 1)]
    async fn one(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    #[step(compensate = cancel_other, idempotent, max_running = 2)]
    async fn other(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
    async fn cancel_other(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i13_nobody_is_forgotten_who_is_called_while_he_leaves() {
    for round in 0..10 {
        let world = World::default();
        let builder = Orchestrator::builder(MemoryStore::new()).register(Narrow { world: world.clone() });
        let orchestrator = builder.max_active(8).build().await.unwrap();
        let mut handles = Vec::new();
        for number in 0..100 {
            handles.push(orchestrator.start::<Narrow>(format!("it-{number}"), ()).await.unwrap());
        }
        for handle in &handles {
            let outcome = soon(handle.outcome()).await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "round {round}: {outcome:?}");
        }
        assert_eq!((world.serving_max("one"), world.in_force().len()), (1, 200));
        assert!(world.serving_max("other") <= 2);
        orchestrator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i13_another_start_of_one_that_stands_in_line_does_not_take_its_turn() {
    let world = World::default().script("one@n-0", &[Act::Wait]);
    let store = Data::memory().open();
    let plan = store.plan();
    let builder = Orchestrator::builder(store).register(Narrow { world: world.clone() });
    let orchestrator = builder.build().await.unwrap();
    let first = orchestrator.start::<Narrow>("n-0", ()).await.unwrap();
    soon(world.called("one", 1)).await;
    let second = orchestrator.start::<Narrow>("n-1", ()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The other start is on its way to the store while it is its turn.
    plan.hold_only(&[Asked::Append]);
    let other = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { orchestrator.start::<Narrow>("n-1", ()).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    plan.release();
    soon(other).await.unwrap().unwrap();
    for handle in [first, second] {
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn another_start_of_one_that_another_worker_has_does_not_stand_in_line() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("one@n-0", &[Act::Wait]).script("one@n-1", &[Act::Hang]);
    let builder = |store| Orchestrator::builder(store).register(Narrow { world: world.clone() }).clock(clock);
    let other = builder(data.open()).build().await.unwrap();
    other.start::<Narrow>("n-1", ()).await.unwrap();
    soon(world.called("one", 1)).await;
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store).build().await.unwrap();
    let first = orchestrator.start::<Narrow>("n-0", ()).await.unwrap();
    soon(world.called("one", 2)).await;
    // There is no room for it here either.
    orchestrator.start::<Narrow>("n-1", ()).await.unwrap();
    let reads = Arc::new(AtomicUsize::new(0));
    plan.on_load({
        let reads = Arc::clone(&reads);
        move |stored| {
            let is_it = stored.head.id.as_str() == "n-1";
            reads.fetch_add(usize::from(is_it), Ordering::Relaxed);
        }
    });
    world.open();
    assert!(matches!(soon(first.outcome()).await.unwrap(), Outcome::Completed(_)));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(reads.load(Ordering::Relaxed), 0, "it is read back only where somebody has it");
    orchestrator.shutdown().await;
    other.shutdown().await;
}
