//! Two orchestrators over one store: an instance is driven by one at a time, and who was silent for too long
//! changes nothing any more.

use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{Error, SystemClock};

use crate::support::builder;
use crate::support::data::Data;
use crate::support::probe::Plan;
use crate::support::shop::Shop;
use crate::support::soon;
use crate::support::start;
use crate::support::world::{Act, World};

/// Opens a worker over `data`; all workers of a test share one clock.
async fn worker(data: &Data, world: &World, clock: SystemClock) -> (Orchestrator, Plan) {
    let store = data.open();
    let plan = store.plan();
    let builder = builder(store, world).clock(clock).shutdown_grace(Duration::from_secs(1));
    (builder.build().await.unwrap(), plan)
}

/// The epochs of the entries of an instance, in order.
async fn epochs(data: &Data, id: &str) -> Vec<u64> {
    data.journal(id).await.iter().map(|entry| entry.epoch.get()).collect()
}

#[tokio::test(start_paused = true)]
async fn while_both_live_no_instance_is_driven_twice() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("ship", &[Act::Wait; 20]);
    let (first, _) = worker(&data, &world, clock).await;
    let (second, _) = worker(&data, &world, clock).await;
    for number in 0..20 {
        let orchestrator = if number % 2 == 0 { &first } else { &second };
        start(orchestrator, &format!("order-{number}")).await;
    }
    world.called("ship", 20).await;
    // Longer than a lease: both prolong theirs. An attempt may take 5 s, so they are tried again meanwhile.
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.open();
    for number in 0..20 {
        // Ask the one that does not drive it.
        let orchestrator = if number % 2 == 0 { &second } else { &first };
        let outcome = soon(orchestrator.handle::<Shop>(format!("order-{number}")).outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        let epochs = epochs(&data, &format!("order-{number}")).await;
        assert!(epochs.iter().all(|epoch| *epoch == number % 2 + 1), "{number}: {epochs:?}");
    }
    assert_eq!((world.count("pay"), world.in_force().len()), (20, 100));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn another_takes_over_when_the_lease_of_one_that_is_gone_has_passed() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("pay", &[Act::Hang]);
    // The first one is silent from here on, as if its process had died.
    let (first, plan) = worker(&data, &world, clock).await;
    start(&first, "order-1").await;
    world.called("pay", 1).await;
    plan.hold();
    let (second, _) = worker(&data, &world, clock).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let handle = second.handle::<Shop>("order-1");
    assert_eq!(handle.try_outcome().await.unwrap(), None);
    assert_eq!(world.count("pay/check"), 0, "the lease has not passed");
    let error = second.resolve("order-1", crate::support::retry()).await.unwrap_err();
    assert!(matches!(error, Error::NotParked { .. }), "{error:?}");
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    assert_eq!((world.count("pay"), world.count("pay/check")), (1, 1));
    assert_eq!(world.in_force().len(), 5);
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn peer_i15_late_results_of_a_namesake_that_lost_its_lease_change_nothing() {
    // Both go by the same name: it is the stay that counts.
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("create_order", &[Act::Wait]).script("ship", &[Act::Reject]);
    let (first, plan) = worker(&data, &world, clock).await;
    let late = start(&first, "order-1").await;
    world.called("create_order", 1).await;
    // The first one is paused: nothing of what it writes or renews comes through. Its attempt ends all the same.
    plan.hold();
    world.open();
    let (second, _) = worker(&data, &world, clock).await;
    let outcome = soon(second.handle::<Shop>("order-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    let journal = data.journal("order-1").await;
    let calls = world.calls();
    assert!(world.in_force().is_empty());

    // It wakes up, long after.
    tokio::time::sleep(Duration::from_secs(60)).await;
    plan.release();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(data.journal("order-1").await, journal, "what it writes is refused");
    assert_eq!(world.calls(), calls, "and it does nothing more");
    assert!(matches!(soon(late.outcome()).await.unwrap(), Outcome::Compensated(_)), "its handles work");
    let epochs = epochs(&data, "order-1").await;
    assert!(epochs.is_sorted() && epochs.first() == Some(&1) && epochs.last() == Some(&2), "{epochs:?}");

    // It goes on under a new stay.
    let fresh = start(&first, "order-2").await;
    assert!(matches!(soon(fresh.outcome()).await.unwrap(), Outcome::Completed(_)));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i15_a_start_that_was_held_back_over_the_lease_is_one_start() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default();
    let (first, plan) = worker(&data, &world, clock).await;
    let (second, _) = worker(&data, &world, clock).await;
    plan.hold();
    let starting = tokio::spawn({
        let first = first.clone();
        async move { start(&first, "order-1").await.outcome().await.unwrap() }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    let outcome = soon(start(&second, "order-1").await.outcome()).await.unwrap();
    plan.release();
    assert_eq!(soon(starting).await.unwrap(), outcome);
    assert_eq!(world.calls().len(), 5);
    let journal = data.journal("order-1").await;
    let starts = journal.iter().flat_map(|entry| &entry.events);
    assert_eq!(starts.filter(|event| matches!(event, Event::SagaStarted { .. })).count(), 1);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i15_steps_that_wait_for_a_paused_one_are_taken_over_in_every_state() {
    let states: [(&str, &str, &[Act]); 5] = [
        ("pay", "pay", &[Act::Hang]),
        ("pay/check", "pay", &[Act::LoseAnswer]),
        ("ship", "ship", &[Act::Hang]),
        ("pay/compensate", "pay/compensate", &[Act::Hang]),
        ("notify", "notify", &[Act::Hang]),
    ];
    for (until, step, acts) in states {
        let (data, clock) = (Data::memory(), SystemClock::new());
        let mut world = World::default().script(step, acts);
        if step.ends_with("/compensate") {
            world = world.script("ship", &[Act::Reject]);
        }
        let (first, plan) = worker(&data, &world, clock).await;
        start(&first, "order-1").await;
        world.called(until, 1).await;
        plan.hold();
        let (second, _) = worker(&data, &world, clock).await;
        let outcome = soon(second.handle::<Shop>("order-1").outcome()).await.unwrap();
        crate::support::process::assert_sound(&world, &outcome, until);
        let journal = data.journal("order-1").await;
        plan.release();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(data.journal("order-1").await, journal, "{until}");
        crate::support::process::assert_sound(&world, &outcome, until);
        first.shutdown().await;
        second.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i15_a_claim_alone_fences_the_one_before() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("create_order", &[Act::Wait]);
    let (first, first_plan) = worker(&data, &world, clock).await;
    start(&first, "order-1").await;
    world.called("create_order", 1).await;
    first_plan.hold();
    world.open();
    let (second, second_plan) = worker(&data, &world, clock).await;
    // The second one claims, and does not come to write.
    second_plan.on_append({
        let plan = second_plan.clone();
        move |_, _| plan.hold()
    });
    while second_plan.commits() == 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    first_plan.release();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(epochs(&data, "order-1").await, [1], "the late result is refused");
    second_plan.on_append(|_, _| {});
    second_plan.release();
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_lost_its_lease_and_is_alone_goes_on_with_its_own() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default()
        .script("notify@waits", &[Act::Wait; 60])
        .script("create_order@retries", &[Act::NotDone])
        .script("notify@parked", &[Act::Reject]);
    let (orchestrator, plan) = worker(&data, &world, clock).await;
    let parked = start(&orchestrator, "parked").await;
    assert!(matches!(soon(parked.outcome()).await.unwrap(), Outcome::Parked(_)));
    let waits = start(&orchestrator, "waits").await;
    let retries = start(&orchestrator, "retries").await;
    world.called("notify", 2).await;
    plan.hold();
    let starting = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { start(&orchestrator, "starts").await }
    });
    tokio::time::sleep(Duration::from_secs(100)).await;
    plan.release();
    // Until it has noticed, and begun anew.
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.open();
    let starts = starting.await.unwrap();
    for handle in [waits, retries, starts] {
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{}: {outcome:?}", handle.id());
    }
    orchestrator.resolve("parked", crate::support::retry()).await.unwrap();
    assert!(matches!(soon(parked.outcome()).await.unwrap(), Outcome::Completed(_)));
    assert_eq!(world.in_force().len(), 20);
    orchestrator.shutdown().await;
}
