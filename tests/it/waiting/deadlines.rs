//! A deadline turns an instance around wherever it is, but not past its pivot: there it asks for a person.

use std::time::Duration;

use sagas::prelude::*;
use sagas::store::{Store, Timestamp};
use sagas::{Clock, InstanceState, StepState};

use super::express::Express;
use super::loan::stands;
use super::{in_time, pass};
use crate::support::clock::SetClock;
use crate::support::data::Data;
use crate::support::soon;
use crate::support::world::{Act, World};

const MINUTE: Duration = Duration::from_secs(60);

async fn open(data: &Data, world: &World, clock: &SetClock) -> Orchestrator {
    let builder = Orchestrator::builder(data.open()).register(Express { world: world.clone() });
    builder.clock(clock.clone()).max_active(1).shutdown_grace(Duration::ZERO).build().await.unwrap()
}

/// Runs an order for 55 minutes, with a restart after 30 if `restarts`.
async fn run_for_long(data: &Data, world: &World, clock: &SetClock, restarts: bool) -> Orchestrator {
    let mut orchestrator = open(data, world, clock).await;
    orchestrator.start::<Express>("it-1", ()).await.unwrap();
    pass(30 * MINUTE).await;
    if restarts {
        orchestrator.shutdown().await;
        orchestrator = open(data, world, clock).await;
    }
    pass(25 * MINUTE).await;
    orchestrator
}

#[test]
fn i8_i14_a_deadline_compensates_what_runs_what_waits_and_what_is_parked() {
    for (what, act, shown) in [
        ("running", Act::WaitForCancel, StepState::Running),
        ("waiting", Act::NotDone, StepState::Waiting),
        ("parked", Act::LoseAnswer, StepState::Parked),
    ] {
        for restarts in [false, true] {
            let data = Data::memory();
            data.runtime().block_on(in_time(async {
                let what = format!("{what}, restarts: {restarts}");
                let (world, clock) = (World::default().script("order", &[act; 10]), SetClock::new());
                let orchestrator = run_for_long(&data, &world, &clock, restarts).await;
                let express = orchestrator.handle::<Express>("it-1");
                let status = express.status().await.unwrap();
                // Its attempt died with the first life, and cannot be repeated.
                let shown = if restarts && act == Act::WaitForCancel { StepState::Parked } else { shown };
                assert_eq!(status.steps[0].state, shown, "{what}");
                assert_eq!(world.count("order/compensate"), 0, "{what}");
                pass(5 * MINUTE).await;
                let outcome = express.try_outcome().await.unwrap();
                let Some(Outcome::Compensated(failure)) = outcome else { panic!("{what}: {outcome:?}") };
                assert_eq!((failure.step, failure.kind), (None, FailureKind::Deadline), "{what}");
                assert!(world.in_force().is_empty(), "{what}: {:?}", world.in_force());
                let was_done = act != Act::NotDone;
                assert_eq!(world.count("order/compensate"), usize::from(was_done), "{what}");
                orchestrator.shutdown().await;
            }));
        }
    }
}

#[test]
fn i12_past_the_pivot_a_deadline_only_asks_for_a_person() {
    for (what, act) in [("running", Act::Wait), ("waiting", Act::NotDone), ("delayed", Act::Succeed)] {
        for restarts in [false, true] {
            let data = Data::memory();
            data.runtime().block_on(in_time(async {
                let what = format!("{what}, restarts: {restarts}");
                let (world, clock) = (World::default().script("ship", &[act; 7]), SetClock::new());
                let mut orchestrator = run_for_long(&data, &world, &clock, restarts).await;
                let express = orchestrator.handle::<Express>("it-1");
                assert!(!express.status().await.unwrap().needs_attention, "{what}: it has time");
                pass(5 * MINUTE).await;
                let status = express.status().await.unwrap();
                assert_eq!((status.state, status.needs_attention), (InstanceState::Running, true), "{what}");
                if restarts {
                    orchestrator.shutdown().await;
                    orchestrator = open(&data, &world, &clock).await;
                }
                let express = orchestrator.handle::<Express>("it-1");
                assert!(express.status().await.unwrap().needs_attention, "{what}");
                world.open();
                assert!(matches!(express.outcome().await.unwrap(), Outcome::Completed(_)), "{what}");
                assert!(!express.status().await.unwrap().needs_attention, "{what}");
                assert_eq!(world.count("order/compensate"), 0, "{what}");
                assert_eq!(world.in_force().len(), 3, "{what}");
                orchestrator.shutdown().await;
            }));
        }
    }
}

#[test]
fn an_instance_that_is_done_in_time_is_left_alone_by_its_deadline() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default(), SetClock::new());
        let orchestrator = open(&data, &world, &clock).await;
        let express = orchestrator.start::<Express>("it-1", ()).await.unwrap();
        soon(stands(&express, 2, StepState::Waiting)).await;
        assert!(matches!(express.outcome().await.unwrap(), Outcome::Completed(_)));
        pass(120 * MINUTE).await;
        assert!(matches!(express.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.calls(), ["order", "ship", "tell"]);
        orchestrator.shutdown().await;
    }));
}

#[test]
fn i19_what_is_parked_and_was_handed_out_for_its_deadline_before_a_crash_compensates_all_the_same() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default().script("order", &[Act::LoseAnswer]), SetClock::new());
        let orchestrator = open(&data, &world, &clock).await;
        let express = orchestrator.start::<Express>("it-1", ()).await.unwrap();
        assert!(matches!(express.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.shutdown().await;
        pass(61 * MINUTE).await;
        // A process is handed it, and dies.
        let store = data.open();
        let now = Timestamp::from(clock.now());
        let epoch = store.join(now, now.plus(MINUTE)).await.unwrap();
        assert_eq!(store.due(epoch, now, 10).await.unwrap().ids.len(), 1);
        drop(store);
        let orchestrator = open(&data, &world, &clock).await;
        pass(5 * MINUTE).await;
        let outcome = orchestrator.handle::<Express>("it-1").try_outcome().await.unwrap();
        assert!(matches!(&outcome, Some(Outcome::Compensated(_))), "{outcome:?}");
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        orchestrator.shutdown().await;
    }));
}
