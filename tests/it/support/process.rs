//! A process that runs one order and may die on the way.

use std::time::{Duration, SystemTime};

use sagas::prelude::*;
use sagas::{Clock, Error, Resolution};
use tokio::time::Instant;

use super::data::Data;
use super::probe::{Moment, Probe};
use super::shop::{Shop, order};
use super::soon;
use super::world::World;

/// The id of the order that it runs.
pub(crate) const ID: &str = "order-1";

/// How often a parked order is tried again before the test gives up on it.
const RETRIES_MAX: usize = 20;

/// Runs the order to its end, for one life of the process. `None` if it died at the append that `crash` says.
/// Its tasks die with it, wherever they are.
pub(crate) fn live(data: &Data, world: &World, crash: Option<(usize, Moment)>) -> Option<Outcome<Shop>> {
    let runtime = data.runtime();
    let outcome = runtime.block_on(async {
        let store = data.open_once_free().await;
        let plan = store.plan();
        if let Some((append, moment)) = crash {
            plan.crash(append, moment);
        }
        tokio::select! {
            outcome = soon(run(store, world)) => Some(outcome),
            () = plan.crashed() => None,
        }
    });
    // Like the end of a process: tasks are dropped where they wait.
    runtime.shutdown_background();
    outcome
}

/// Runs the order over this store to its end, trying it again when it is parked.
pub(crate) async fn run(store: Probe, world: &World) -> Outcome<Shop> {
    let orchestrator = Orchestrator::builder(store)
        .register(Shop { world: world.clone() })
        .clock(WorldClock { world: world.clone(), from: world.time(), at: Instant::now() })
        .build()
        .await
        .unwrap();
    let handle = orchestrator.start::<Shop>(ID, order(1)).await.unwrap();
    let mut retries = 0;
    let outcome = loop {
        let outcome = handle.outcome().await.unwrap();
        if !matches!(outcome, Outcome::Parked(_)) || retries == RETRIES_MAX {
            break outcome;
        }
        retries += 1;
        let note = "the service is back".to_owned();
        match orchestrator.resolve(ID, Resolution::Retry { note }).await {
            Ok(()) | Err(Error::NotParked { .. }) => {}
            // The life before has a lease yet.
            Err(Error::Stopped { .. }) => tokio::time::sleep(Duration::from_secs(5)).await,
            Err(error) => panic!("{error}"),
        }
    };
    orchestrator.shutdown().await;
    outcome
}

/// A clock that goes on where the life before has left it: simulated time begins anew in each.
struct WorldClock {
    world: World,
    from: SystemTime,
    at: Instant,
}

impl Clock for WorldClock {
    fn now(&self) -> SystemTime {
        let now = self.from + self.at.elapsed();
        self.world.set_time(now);
        now
    }
}

/// What must be true however the order ended.
pub(crate) fn assert_sound(world: &World, outcome: &Outcome<Shop>, what: &str) {
    let in_force = world.in_force();
    match outcome {
        Outcome::Completed(_) => assert_eq!(in_force.len(), 5, "{what}: completed with {in_force:?}"),
        Outcome::Compensated(_) => assert!(in_force.is_empty(), "{what}: compensated with {in_force:?}"),
        Outcome::Parked(parked) => panic!("{what}: {parked}"),
    }
}
