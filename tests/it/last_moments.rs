//! The last moments of a life, and of what fails in it: what is announced, written or asked for just then.

use std::time::Duration;

use sagas::Error;
use sagas::journal::Event;
use sagas::prelude::*;

use crate::support::clock::SetClock;
use crate::support::data::{Data, on_both};
use crate::support::probe::{Asked, Plan};
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, open, poll_times, retry, soon, start};

const MOMENT: Duration = Duration::from_millis(1);

/// What happened to the instance, by name.
async fn events(data: &Data, id: &str) -> Vec<&'static str> {
    data.journal(id).await.iter().flat_map(|entry| &entry.events).map(Event::name).collect()
}

/// Opens an orchestrator in which `create_order` of an order has ended, and what that announces is being written.
async fn announce(data: &Data, world: &World, grace: Duration) -> (Orchestrator, Plan) {
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, world).shutdown_grace(grace).build().await.unwrap();
    start(&orchestrator, "order-1").await;
    world.called("create_order", 1).await;
    plan.hold();
    let commits = plan.commits();
    world.open();
    while plan.commits() == commits {
        tokio::task::yield_now().await;
    }
    (orchestrator, plan)
}

/// Lets everybody come to where he waits.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn end(orchestrator: &Orchestrator) -> tokio::task::JoinHandle<()> {
    let orchestrator = orchestrator.clone();
    tokio::spawn(async move { orchestrator.shutdown().await })
}

#[tokio::test(start_paused = true)]
async fn i14_what_was_announced_just_before_a_shutdown_runs_and_its_result_is_kept() {
    let (data, world) = (Data::memory(), World::default().script("create_order", &[Act::Wait]));
    let (orchestrator, plan) = announce(&data, &world, Duration::from_secs(20)).await;
    let ending = end(&orchestrator);
    tokio::time::sleep(MOMENT).await;
    plan.release();
    soon(ending).await.unwrap();
    assert_eq!(world.calls(), ["create_order", "reserve"]);
    let expected = ["SagaStarted", "StepStarted", "StepSucceeded", "StepStarted", "StepSucceeded"];
    assert_eq!(events(&data, "order-1").await, expected);
}

#[tokio::test(start_paused = true)]
async fn i14_what_is_announced_after_the_grace_does_not_run() {
    let (data, world) = (Data::memory(), World::default().script("create_order", &[Act::Wait]));
    let (orchestrator, plan) = announce(&data, &world, MOMENT).await;
    let ending = end(&orchestrator);
    tokio::time::sleep(10 * MOMENT).await;
    plan.release();
    soon(ending).await.unwrap();
    assert_eq!(world.calls(), ["create_order"], "it is too late for the next");
    assert_eq!(events(&data, "order-1").await.last(), Some(&"StepStarted"));

    let orchestrator = open(data.open(), &world).await;
    let outcome = soon(orchestrator.handle::<Shop>("order-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.count("reserve"), 1);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i14_what_was_written_after_its_stay_had_ended_is_told_and_not_acted_on() {
    let (data, clock) = (Data::memory(), SetClock::new());
    let world =
        World::default().script("create_order@order-1", &[Act::Wait]).script("notify@parked", &[Act::Reject]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).clock(clock.clone()).build().await.unwrap();
    let parked = start(&orchestrator, "parked").await;
    assert!(matches!(soon(parked.outcome()).await.unwrap(), Outcome::Parked(_)));
    start(&orchestrator, "order-1").await;
    soon(world.called("create_order", 2)).await;
    // What both write next is held back.
    plan.hold_only(&[Asked::Append]);
    world.open();
    let resolving = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { orchestrator.resolve("parked", retry()).await }
    });
    tokio::time::sleep(MOMENT).await;
    // The lease passes, and is noticed; nobody has taken over yet.
    plan.hold_only(&[Asked::Append, Asked::HandOut]);
    clock.set(|now| now + Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_secs(15)).await;
    let calls = world.calls();
    plan.hold_only(&[Asked::HandOut]);
    tokio::time::sleep(MOMENT).await;
    assert_eq!(data.journal("order-1").await.len(), 2, "it was written");
    assert_eq!(world.calls(), calls, "whoever takes over acts on it");
    let resolved = soon(resolving).await.unwrap();
    assert!(resolved.is_ok(), "it is durable: {resolved:?}");
    plan.release();
    for id in ["order-1", "parked"] {
        let outcome = soon(orchestrator.handle::<Shop>(id).outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{id}: {outcome:?}");
    }
    assert_eq!((world.count("reserve"), world.count("notify")), (2, 3));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_finds_another_which_comes_to_nothing_starts_its_own() {
    let (data, world) = (Data::memory(), World::default());
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    plan.break_down();
    let error = soon(orchestrator.start::<Shop>("order-1", order(1))).await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    // The store works again, and while it is read back nobody waits for the order any more.
    plan.hold_only(&[Asked::Load]);
    plan.mend();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut starting = std::pin::pin!(orchestrator.start::<Shop>("order-1", order(1)));
    assert!(poll_times(starting.as_mut(), 10).await.is_none(), "it waits for what becomes of the first");
    plan.release();
    let handle = soon(starting).await.unwrap();
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    assert_eq!(world.in_force().len(), 5);
    orchestrator.shutdown().await;
}

#[test]
fn i13_a_store_that_panics_ends_the_orchestrator_and_everybody_is_told() {
    let panic = || std::panic::resume_unwind(Box::new("the store panics"));
    for (part, hold) in [("committing", Asked::Append), ("recovery", Asked::Load)] {
        on_both(async |data| {
            let world = World::default().script("pay", &[Act::Hang]);
            let first = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
            start(&first, "order-1").await;
            world.called("pay", 1).await;
            first.shutdown().await;

            let store = data.open();
            let plan = store.plan();
            plan.hold_only(&[hold]);
            match hold {
                Asked::Append => plan.on_append(move |_, _| panic()),
                _ => plan.on_load(move |_| panic()),
            }
            let second = open(store, &world).await;
            let waiting = tokio::spawn({
                let handle = second.handle::<Shop>("order-1");
                async move { handle.outcome().await }
            });
            let starting = tokio::spawn({
                let second = second.clone();
                async move { second.start::<Shop>("order-2", order(2)).await }
            });
            settle().await;
            plan.release();
            // Whoever waits is told, and so is who asks later.
            let waited = waiting.await.unwrap();
            assert!(matches!(waited, Err(Error::ShuttingDown)), "{part}: {waited:?}");
            let started = starting.await.unwrap();
            match hold {
                Asked::Append => assert!(matches!(started, Err(Error::ShuttingDown)), "{part}: {started:?}"),
                // It may have been written before.
                _ => assert!(matches!(started, Ok(_) | Err(Error::ShuttingDown)), "{part}: {started:?}"),
            }
            let outcome = second.handle::<Shop>("order-1").outcome().await;
            assert!(matches!(outcome, Err(Error::ShuttingDown)), "{part}: {outcome:?}");
            let started = second.start::<Shop>("order-3", order(3)).await;
            assert!(matches!(started, Err(Error::ShuttingDown)), "{part}: {started:?}");
            second.shutdown().await;

            // Nothing is lost.
            let third = open(data.open(), &world).await;
            let outcome = third.handle::<Shop>("order-1").outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{part}: {outcome:?}");
            third.shutdown().await;
        });
    }
}

#[tokio::test(start_paused = true)]
async fn i24_what_cannot_be_read_is_marked_in_turn_with_all_that_is_written() {
    let data = Data::memory();
    let world = World::default().script("pay@bad", &[Act::Hang]);
    let first = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
    start(&first, "bad").await;
    world.called("pay", 1).await;
    first.shutdown().await;

    let store = data.open();
    let plan = store.plan();
    plan.on_load(|stored| {
        if stored.head.id.as_str() == "bad" {
            stored.entries.truncate(1);
            stored.entries[0].events = "garbage".into();
        }
    });
    plan.hold_only(&[Asked::Append]);
    let second = builder(store, &world).shutdown_grace(Duration::from_secs(1)).build().await.unwrap();
    let mut starting = std::pin::pin!(second.start::<Shop>("order-1", order(1)));
    assert!(poll_times(starting.as_mut(), 10).await.is_none());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(plan.commits(), 1, "one batch at a time");
    // It is written too when that is the last that is.
    let ending = end(&second);
    tokio::time::sleep(Duration::from_millis(100)).await;
    plan.release();
    soon(ending).await.unwrap();
    let stored = data.stored("bad").await.unwrap();
    assert_eq!(stored.head.progress.state, sagas::InstanceState::Unreadable);
}
