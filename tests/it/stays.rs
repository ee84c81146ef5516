//! Stays that end and are followed by others, whatever comes late.

use std::time::Duration;

use sagas::prelude::*;
use sagas::store::{Store, Timestamp};
use sagas::{Clock, Error, SystemClock};

use crate::support::data::Data;
use crate::support::probe::{Asked, Plan};
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{builder, retry, soon, start};

/// Lets the lease of a worker pass: it is silent for as long, and another worker comes and goes, and finds that out. Its
/// next renewal tells it.
async fn let_lease_pass(data: &Data, plan: &Plan, clock: SystemClock) {
    plan.hold_only(&[Asked::Renew]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let now = Timestamp::from(clock.now());
    data.open().join(now, now).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn i16_each_stay_that_ends_is_followed_by_another_and_nothing_starts_between_the_two() {
    let (data, clock, world) = (Data::memory(), SystemClock::new(), World::default());
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).clock(clock).build().await.unwrap();
    for round in 1..=3 {
        let_lease_pass(&data, &plan, clock).await;
        plan.hold_only(&[Asked::Join]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let calls = world.calls();
        let handle = start(&orchestrator, &format!("order-{round}")).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(world.calls(), calls, "round {round}: nothing is called");
        plan.release();
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "round {round}: {outcome:?}");
    }
    assert_eq!(world.in_force().len(), 15);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_a_stay_that_could_not_begin_is_tried_again() {
    let (data, clock, world) = (Data::memory(), SystemClock::new(), World::default());
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).clock(clock).build().await.unwrap();
    let_lease_pass(&data, &plan, clock).await;
    plan.fail_joins(3);
    plan.release();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!((1..3).contains(&plan.joins_to_fail()), "one has failed, and others will");
    let handle = start(&orchestrator, "order-1").await;
    let outcome = soon(handle.outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(plan.joins_to_fail(), 0);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_a_late_word_that_a_stay_has_ended_does_not_end_the_one_after_it() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("notify@parked", &[Act::Reject]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).clock(clock).build().await.unwrap();
    let parked = start(&orchestrator, "parked").await;
    assert!(matches!(soon(parked.outcome()).await.unwrap(), Outcome::Parked(_)));
    // What is handed out without a word has the store looked at, and the answer to that takes long.
    plan.lose_hand_outs(1);
    plan.delay_next_renewal();
    let resolving = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { orchestrator.resolve("parked", retry()).await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!plan.awaits_renewal(), "it is on its way");
    let_lease_pass(&data, &plan, clock).await;
    plan.release();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = start(&orchestrator, "before").await;
    assert!(matches!(soon(before.outcome()).await.unwrap(), Outcome::Completed(_)), "another stay has begun");
    plan.let_renewal_through();
    let resolved = soon(resolving).await.unwrap();
    assert!(matches!(resolved, Err(Error::Store(_))), "{resolved:?}");
    let after = start(&orchestrator, "after").await;
    assert!(matches!(soon(after.outcome()).await.unwrap(), Outcome::Completed(_)), "it goes on");
    orchestrator.resolve("parked", retry()).await.unwrap();
    let outcome = soon(orchestrator.handle::<Shop>("parked").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    orchestrator.shutdown().await;
}
