//! A lease that cannot be prolonged.

use std::time::Duration;

use sagas::SystemClock;
use sagas::prelude::*;

use crate::support::data::Data;
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{builder, soon, start};

#[tokio::test(start_paused = true)]
async fn peer_i15_i16_one_that_cannot_prolong_its_lease_starts_nothing_once_another_has_taken_over() {
    let (data, clock) = (Data::memory(), SystemClock::new());
    let first_world = World::default().script("ship", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    let first = builder(store, &first_world).clock(clock).build().await.unwrap();
    let late = start(&first, "order-1").await;
    first_world.called("ship", 1).await;
    // Everything else works: it could go on writing, if it were let.
    plan.fail_renewals();

    let second_world = first_world.snapshot();
    let second = builder(data.open(), &second_world).clock(clock).build().await.unwrap();
    let outcome = soon(second.handle::<Shop>("order-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    let journal = data.journal("order-1").await;
    let calls = first_world.calls();
    first_world.open();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(first_world.calls(), calls, "what it had announced before is all that it does");
    assert_eq!(data.journal("order-1").await, journal, "and what it writes is refused");
    assert_eq!(soon(late.outcome()).await.unwrap(), outcome, "its handle tells what became of it");
    first.shutdown().await;
    second.shutdown().await;
}
