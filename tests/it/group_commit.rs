//! How many commits the writes of many instances take.

use std::time::Duration;

use sagas::prelude::*;

use crate::support::data::{Data, on_both};
use crate::support::open;
use crate::support::shop::{Order, Shop};
use crate::support::world::World;
use crate::support::{soon, start};

/// The limits of a batch, as the library states them.
const BATCH_ENTRIES_MAX: usize = 1_024;
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

#[test]
fn sixty_four_in_flight_share_their_commits() {
    on_both(async |data| {
        let world = World::default();
        let store = data.open();
        let plan = store.plan();
        let orchestrator = open(store, &world).await;
        let driving: Vec<_> = (0..64)
            .map(|lane| {
                let orchestrator = orchestrator.clone();
                tokio::spawn(async move {
                    for number in 0..5 {
                        let handle = start(&orchestrator, &format!("order-{lane}-{number}")).await;
                        assert!(matches!(handle.outcome().await, Ok(Outcome::Completed(_))));
                    }
                })
            })
            .collect();
        for lane in driving {
            lane.await.unwrap();
        }
        let (commits, entries) = (plan.commits(), plan.entries());
        assert_eq!(entries, 64 * 5 * 6, "an order of five steps is six entries");
        assert!(2 * commits < entries, "{commits} commits for {entries} entries");
        orchestrator.shutdown().await;
    });
}

/// A saga of four steps.
struct Four;

#[saga]
impl Four {
    #[step(compensate = cancel, idempotent)]
    async fn one(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
    #[step(read_only)]
    async fn two(&self, one: &u32) -> Result<u32, StepError> {
        Ok(one + 1)
    }
    #[step(pivot, idempotent)]
    async fn three(&self, two: &u32) -> Result<u32, StepError> {
        Ok(two + 1)
    }
    #[step(retriable, idempotent)]
    async fn four(&self, three: &u32) -> Result<u32, StepError> {
        Ok(three + 1)
    }
}

#[test]
fn four_steps_that_succeed_are_five_entries_each_a_commit_if_it_is_alone() {
    on_both(async |data| {
        let store = data.open();
        let plan = store.plan();
        let orchestrator = Orchestrator::builder(store).register(Four).build().await.unwrap();
        let handle = orchestrator.start::<Four>("four", ()).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(4));
        assert_eq!((plan.commits(), plan.entries()), (5, 5));
        orchestrator.shutdown().await;
        assert_eq!(data.journal("four").await.len(), 5);
    });
}

/// Starts `count` orders with notes of `bytes` while the first append is held back, and drives them to their end.
async fn start_behind_a_held_append(count: usize, bytes: usize) -> (Vec<usize>, Vec<usize>) {
    let world = World::default();
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    plan.hold();
    let starts: Vec<_> = (0..count)
        .map(|number| {
            let orchestrator = orchestrator.clone();
            let order = Order { number: 1, note: "x".repeat(bytes) };
            tokio::spawn(async move {
                let handle = orchestrator.start::<Shop>(format!("order-{number}"), order).await.unwrap();
                handle.outcome().await.unwrap()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    plan.release();
    for start in starts {
        assert!(matches!(soon(start).await.unwrap(), Outcome::Completed(_)));
    }
    orchestrator.shutdown().await;
    plan.batches().iter().map(|batch| (batch.entries, batch.bytes)).unzip()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_limited_in_entries() {
    let (entries, _) = start_behind_a_held_append(2_500, 0).await;
    assert_eq!(entries.iter().max(), Some(&BATCH_ENTRIES_MAX), "{entries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_limited_in_bytes() {
    let (_, bytes) = start_behind_a_held_append(20, 1_000_000).await;
    let largest = *bytes.iter().max().unwrap();
    assert!(largest <= BATCH_BYTES_MAX, "{bytes:?}");
    assert!(largest > BATCH_BYTES_MAX - 1_001_000, "as much as fits: {bytes:?}");
}
