//! Children whose start is on its way while their parent is taken back, or while its process shuts down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sagas::SystemClock;
use sagas::prelude::*;
use sagas::store::Write;
use tokio::sync::Notify;

use super::family::{Kit, Pair, Part, builder};
use crate::support::data::Data;
use crate::support::probe::{Asked, HandOut, Moment, Plan};
use crate::support::soon;
use crate::support::world::{Act, World};

const CHILD: &str = "pair-1/part";

fn creates(batch: &[Write], id: &str) -> bool {
    batch.iter().any(|write| matches!(write, Write::Create { head, .. } if head.id.as_str() == id))
}

/// The start of the child does not get through for as long as the worker is cut off, which it is from then on.
fn cut_off_at_start_of(plan: &Plan, child: &'static str) {
    let cut_off = plan.clone();
    plan.on_append(move |batch, moment| {
        if moment == Moment::Before && creates(batch, child) {
            cut_off.hold_only(&[Asked::Append, Asked::Renew]);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn i8_a_child_that_is_started_after_its_parent_was_taken_back_is_taken_back_too() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("label", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    cut_off_at_start_of(&plan, CHILD);
    let first = builder(store, &world).clock(clock).build().await.unwrap();
    first.start::<Pair>("pair-1", 1).await.unwrap();
    world.called("label", 1).await;
    // Past the deadline of the parent.
    tokio::time::sleep(Duration::from_secs(11 * 60)).await;
    let second = builder(data.open(), &world).clock(clock).build().await.unwrap();
    let outcome = soon(second.handle::<Pair>("pair-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    plan.release();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(world.in_force(), Vec::<String>::new());
    first.shutdown().await;
    second.shutdown().await;
}

/// A [`Part`] beside `label`. It does not always know its child.
struct Forgetful {
    world: World,
    forgets: Arc<AtomicBool>,
}

#[saga(name = "forgetful", deadline = "10m")]
impl Forgetful {
    #[step(child = Part, after())]
    fn part(&self, input: &u32) -> u32 {
        if self.forgets.load(Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("which part was it?".to_owned()));
        }
        *input
    }

    #[step(compensate = unlabel, idempotent, after(), timeout = "1h")]
    async fn label(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn unlabel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

#[tokio::test(start_paused = true)]
async fn i8_a_child_that_cannot_be_named_while_its_parent_is_taken_back_may_be_on_its_way() {
    let (data, clock, world) = (Data::memory(), SystemClock::new(), World::default());
    let world = world.script("label", &[Act::Wait]);
    let forgets = Arc::new(AtomicBool::new(false));
    let saga = || Forgetful { world: world.clone(), forgets: Arc::clone(&forgets) };
    let store = data.open();
    let plan = store.plan();
    cut_off_at_start_of(&plan, "one/part");
    let first = builder(store, &world).register(saga()).clock(clock).build().await.unwrap();
    first.start::<Forgetful>("one", 1).await.unwrap();
    world.called("label", 1).await;
    forgets.store(true, Ordering::Relaxed);
    // Past the deadline of the parent.
    tokio::time::sleep(Duration::from_secs(11 * 60)).await;
    let second = builder(data.open(), &world).register(saga()).clock(clock).build().await.unwrap();
    let one = second.handle::<Forgetful>("one");
    while world.count("label/compensate") == 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(one.try_outcome().await.unwrap().is_none(), "nobody knows whether its child is about to start");
    forgets.store(false, Ordering::Relaxed);
    let outcome = soon(one.outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    plan.release();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(world.in_force(), Vec::<String>::new());
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_a_child_that_a_shutdown_kept_from_being_started_is_started_by_the_next_process() {
    let (data, world) = (Data::memory(), World::default().script("label", &[Act::Wait]));
    let store = data.open();
    let plan = store.plan();
    let (is_started, told) = (Arc::new(Notify::new()), AtomicBool::new(false));
    let ends = Arc::clone(&is_started);
    plan.on_append(move |_, moment| {
        if moment == Moment::After && !told.swap(true, Ordering::Relaxed) {
            ends.notify_one();
        }
    });
    let first = builder(store, &world).build().await.unwrap();
    let ending = tokio::spawn({
        let first = first.clone();
        async move {
            is_started.notified().await;
            first.shutdown().await;
        }
    });
    tokio::task::yield_now().await;
    first.start::<Pair>("pair-1", 1).await.unwrap();
    world.called("label", 1).await;
    world.open();
    ending.await.unwrap();
    assert!(data.stored(CHILD).await.is_none(), "it was not started");
    let second = builder(data.open(), &world).build().await.unwrap();
    let outcome = soon(second.handle::<Pair>("pair-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i2_a_child_is_taken_back_only_once_that_is_on_record() {
    let world = World::default().script("pack", &[Act::LoseAnswer]);
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).build().await.unwrap();
    let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
    world.called("pack", 1).await;
    let part = orchestrator.handle::<Part>("kit-1/part");
    assert!(matches!(part.outcome().await.unwrap(), Outcome::Parked(_)));
    let asked_for = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked_for);
    plan.on_hand_out(move |handed| {
        if matches!(handed, HandOut::One(id) if id.as_str() == "kit-1/part") {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    plan.hold_only(&[Asked::Append]);
    let cancelling = tokio::spawn({
        let kit = kit.clone();
        async move { kit.cancel("not wanted any more").await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(asked_for.load(Ordering::Relaxed), 0, "that it compensates is not durable yet");
    plan.release();
    cancelling.await.unwrap().unwrap();
    assert!(matches!(soon(kit.outcome()).await.unwrap(), Outcome::Compensated(_)));
    assert_ne!(asked_for.load(Ordering::Relaxed), 0);
    assert_eq!(world.in_force(), Vec::<String>::new());
    orchestrator.shutdown().await;
}
