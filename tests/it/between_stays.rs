//! What becomes of instances between two stays of a worker, and of those that were handed out without a word.

use std::time::Duration;

use sagas::prelude::*;
use sagas::store::{Store, StoreErrorKind, Timestamp};
use sagas::{Clock, Error, SystemClock};

use crate::support::data::Data;
use crate::support::probe::{Asked, Moment};
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, retry, soon, start};

#[tokio::test(start_paused = true)]
async fn i16_who_was_told_that_its_lease_has_passed_starts_nothing_until_a_new_stay_begins() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    // An attempt may take 5 s, so it is tried again meanwhile.
    let world = World::default().script("create_order", &[Act::Wait; 20]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).clock(clock).build().await.unwrap();
    let handle = start(&orchestrator, "order-1").await;
    world.called("create_order", 1).await;
    plan.hold_only(&[Asked::Renew]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    // Another worker comes and goes, and finds that the lease has passed.
    let now = Timestamp::from(clock.now());
    data.open().join(now, now).await.unwrap();
    // It is told now, and the store takes its time to let it begin anew.
    plan.hold_only(&[Asked::Join]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let calls = world.calls();
    world.open();
    let other = start(&orchestrator, "order-2").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.calls(), calls, "nothing is called");
    plan.release();
    // Its attempts may be spent by now.
    let ended = soon(handle.outcome()).await.unwrap();
    assert!(matches!(ended, Outcome::Completed(_) | Outcome::Compensated(_)), "{ended:?}");
    assert!(matches!(soon(other.outcome()).await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_what_a_crash_left_behind_and_is_handed_out_without_a_word_goes_on() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("pay", &[Act::Hang]);
    let first = builder(data.open(), &world).clock(clock).build().await.unwrap();
    start(&first, "order-1").await;
    world.called("pay", 1).await;
    first.shutdown().await;
    let store = data.open();
    let plan = store.plan();
    plan.lose_hand_outs(1);
    let second = builder(store, &world).clock(clock).build().await.unwrap();
    let outcome = soon(second.handle::<Shop>("order-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(plan.hand_outs_to_lose(), 0);
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn peer_what_nobody_drives_can_be_decided_on_by_any_worker() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let world = World::default().script("notify", &[Act::Reject]);
    let first = builder(data.open(), &world).clock(clock).build().await.unwrap();
    let second = builder(data.open(), &world).clock(clock).build().await.unwrap();
    let handle = start(&first, "order-1").await;
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Parked(_)));
    second.resolve("order-1", retry()).await.unwrap();
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i18_another_start_of_a_queued_instance_that_fails_leaves_it_in_the_queue() {
    let (data, world) = (Data::memory(), World::default().script("create_order", &[Act::Wait]));
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).max_active(1).build().await.unwrap();
    let first = start(&orchestrator, "order-1").await;
    let queued = start(&orchestrator, "order-2").await;
    world.called("create_order", 1).await;
    plan.break_down();
    // The entry of the first one cannot be written, so what comes after it is refused.
    world.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let again = orchestrator.start::<Shop>("order-2", order(1)).await;
    assert!(matches!(again, Err(Error::Store(_))), "{again:?}");
    plan.mend();
    for handle in [first, queued] {
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    }
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_an_instance_that_nobody_knew_was_created_and_that_is_there_goes_on() {
    let (data, world) = (Data::memory(), World::default());
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).build().await.unwrap();
    // Its first entry is written without a word, and cannot be read back: whoever starts it is told that nobody knows.
    plan.fail(1, &[Moment::After]);
    plan.damage(StoreErrorKind::Corrupt, &["order-1"]);
    let started = orchestrator.start::<Shop>("order-1", order(1)).await;
    assert!(matches!(started, Err(Error::Store(_))), "{started:?}");
    assert!(data.stored("order-1").await.is_some(), "it is there");
    assert_eq!(world.calls(), Vec::<String>::new());
    plan.damage(StoreErrorKind::Corrupt, &[]);
    // Nobody starts it again or asks for it.
    soon(world.called("notify", 1)).await;
    let outcome = soon(orchestrator.handle::<Shop>("order-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    orchestrator.shutdown().await;
}
