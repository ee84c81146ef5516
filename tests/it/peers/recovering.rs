//! Many instances that are brought back at once.

use std::time::Duration;

use sagas::prelude::*;

use crate::support::data::{Data, on_both};
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{builder, open, retry, soon, start};

fn id(number: usize) -> String {
    format!("order-{number}")
}

#[test]
fn peer_i18_one_bad_instance_of_a_hundred_holds_up_no_other() {
    on_both(async |data| {
        let world =
            World::default().script("pay", &[Act::Hang; 100]).script("pay/check@order-50", &[Act::Panic; 3]);
        let before = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for number in 0..100 {
            start(&before, &id(number)).await;
        }
        world.called("pay", 100).await;
        before.shutdown().await;

        // It is refused for ever; its neighbours are brought back in the same page.
        let world =
            world.script("ship@order-51", &[Act::Reject]).script("notify@order-50", &[Act::Reject; 2]);
        let orchestrator = open(data.open(), &world).await;
        for number in 0..100 {
            let outcome = soon(orchestrator.handle::<Shop>(id(number)).outcome()).await.unwrap();
            let is_as_it_should = match number {
                50 => matches!(outcome, Outcome::Parked(_)),
                51 => matches!(outcome, Outcome::Compensated(_)),
                _ => matches!(outcome, Outcome::Completed(_)),
            };
            assert!(is_as_it_should, "{number}: {outcome:?}");
        }
        while let Outcome::Parked(_) = soon(orchestrator.handle::<Shop>(id(50)).outcome()).await.unwrap() {
            orchestrator.resolve(id(50), retry()).await.unwrap();
        }
        assert_eq!(world.in_force().len(), 99 * 5);
        orchestrator.shutdown().await;
    });
}

/// How many instances are brought back at once, and how often.
const SWEEP: (usize, usize) = (100, 100);

#[tokio::test(start_paused = true)]
async fn peer_ten_thousand_starts_while_the_same_instances_are_brought_back_are_one_instance_each() {
    let (instances, sweeps) = SWEEP;
    let data = Data::memory();
    let before = World::default().script("pay", &[Act::Hang; SWEEP.0]);
    let orchestrator = builder(data.open(), &before).shutdown_grace(Duration::ZERO).build().await.unwrap();
    for number in 0..instances {
        start(&orchestrator, &id(number)).await;
    }
    before.called("pay", instances).await;
    orchestrator.shutdown().await;
    let Data::Memory(left_behind) = data else { unreachable!("it is in memory") };

    for sweep in 0..sweeps {
        let (data, world) = (Data::Memory(left_behind.fork()), before.snapshot());
        let orchestrator = open(data.open(), &world).await;
        // Each sweep has been under way for a little longer when the starts come.
        for _ in 0..sweep {
            tokio::task::yield_now().await;
        }
        let starts = (0..instances).map(|number| {
            let orchestrator = orchestrator.clone();
            tokio::spawn(async move { start(&orchestrator, &id(number)).await.outcome().await })
        });
        for start in starts.collect::<Vec<_>>() {
            let outcome = start.await.unwrap().unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "sweep {sweep}: {outcome:?}");
        }
        assert_eq!((world.count("create_order"), world.count("pay"), world.count("ship")), (100, 100, 100));
        assert_eq!(world.in_force().len(), instances * 5, "sweep {sweep}");
        orchestrator.shutdown().await;
    }
}
