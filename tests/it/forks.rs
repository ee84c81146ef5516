//! Concurrency inside one instance: branches run side by side, and are compensated from their ends.

use sagas::prelude::*;
use sagas::{InstanceState, StepState};

use crate::support::data::on_both;
use crate::support::forks::{Forks, ForksStep};
use crate::support::world::{Act, World};
use crate::support::{open, soon};

/// The place of a call among all.
fn place(world: &World, what: &str) -> usize {
    let calls = world.calls();
    calls.iter().position(|call| call == what).unwrap_or_else(|| panic!("{what} is not among {calls:?}"))
}

fn failure_of(outcome: Outcome<Forks>) -> Failure<ForksStep> {
    match outcome {
        Outcome::Compensated(failure) => failure,
        other => panic!("not compensated: {other:?}"),
    }
}

#[test]
fn branches_run_side_by_side_and_join() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::Wait]).script("right", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        // Neither waits for the other.
        world.called("left", 1).await;
        world.called("right", 1).await;
        let states: Vec<_> = handle.status().await.unwrap().steps.iter().map(|step| step.state).collect();
        assert_eq!(states[1..3], [StepState::Running, StepState::Running]);
        assert_eq!(world.count("far"), 0);
        world.open();
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.calls().len(), 5);
        assert!(place(&world, "far") > place(&world, "right"));
        assert_eq!(place(&world, "join"), 4, "after all of them");
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_branch_does_not_wait_for_the_other() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        world.called("far", 1).await;
        assert_eq!(world.count("join"), 0);
        world.open();
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_a_late_success_of_another_branch_is_compensated() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::Wait]).script("right", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        world.called("right", 1).await;
        while handle.status().await.unwrap().state != InstanceState::Compensating {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.count("root/compensate"), 0, "it waits for what follows it");
        world.open();
        let failure = failure_of(soon(handle.outcome()).await.unwrap());
        assert_eq!(failure.step, Some(ForksStep::Right));
        assert_eq!(world.calls()[3..], ["left/compensate", "root/compensate"]);
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn i7_two_branches_that_fail_are_one_decision() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::Reject]).script("right", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        let failure = failure_of(soon(handle.outcome()).await.unwrap());
        assert!(matches!(failure.step, Some(ForksStep::Left | ForksStep::Right)), "{failure:?}");
        assert_eq!(world.count("root/compensate"), 1);
        orchestrator.shutdown().await;
        let journal = data.journal("fork-1").await;
        let decided = journal.iter().flat_map(|entry| &entry.events);
        assert_eq!(decided.filter(|event| event.name() == "CompensationDecided").count(), 1);
    });
}

#[test]
fn i7_a_branch_in_its_backoff_is_not_tried_again_after_the_decision() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::NotDone]).script("right", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        let failure = failure_of(soon(handle.outcome()).await.unwrap());
        assert_eq!(failure.step, Some(ForksStep::Right));
        assert_eq!((world.count("left"), world.count("left/compensate")), (1, 0), "nothing was done");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn i11_compensations_run_from_the_ends_and_independent_ones_side_by_side() {
    on_both(async |data| {
        let world = World::default()
            .script("join", &[Act::Reject])
            .script("left/compensate", &[Act::Wait])
            .script("far/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        // Neither waits for the other.
        world.called("left/compensate", 1).await;
        world.called("far/compensate", 1).await;
        assert_eq!(world.count("right/compensate"), 0, "it waits for far");
        assert_eq!(world.count("root/compensate"), 0, "it waits for all");
        world.open();
        failure_of(soon(handle.outcome()).await.unwrap());
        assert!(place(&world, "right/compensate") > place(&world, "far/compensate"));
        assert_eq!(place(&world, "root/compensate"), world.calls().len() - 1);
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn i11_a_compensation_waits_only_for_what_follows_its_step() {
    on_both(async |data| {
        let world = World::default().script("join", &[Act::Reject]).script("left/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        world.called("right/compensate", 1).await;
        assert_eq!(world.count("root/compensate"), 0);
        world.open();
        failure_of(soon(handle.outcome()).await.unwrap());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_step_that_parks_lets_the_other_branch_run_and_starts_nothing_new() {
    on_both(async |data| {
        let world = World::default()
            .script("join", &[Act::Reject])
            .script("left/compensate", &[Act::Reject])
            .script("far/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        world.called("left/compensate", 1).await;
        world.called("far/compensate", 1).await;
        assert_eq!(handle.try_outcome().await.unwrap(), None, "something runs yet");
        world.open();
        let Outcome::Parked(parked) = soon(handle.outcome()).await.unwrap() else { panic!("not parked") };
        assert_eq!((parked.step, parked.reason), (ForksStep::Left, ParkReason::Refused));
        assert_eq!(world.count("right/compensate"), 1, "it does not depend on the refused one");
        assert_eq!(world.count("root/compensate"), 0);
        orchestrator.resolve("fork-1", crate::support::retry()).await.unwrap();
        failure_of(soon(handle.outcome()).await.unwrap());
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn i14_a_process_that_dies_with_both_branches_running_recovers_both() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::Hang]).script("right", &[Act::Hang]);
        let builder = crate::support::builder(data.open(), &world).shutdown_grace(std::time::Duration::ZERO);
        let orchestrator = builder.build().await.unwrap();
        orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        world.called("left", 1).await;
        world.called("right", 1).await;
        orchestrator.shutdown().await;
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.handle::<Forks>("fork-1");
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
        assert_eq!((world.count("left"), world.count("right"), world.in_force().len()), (2, 2, 5));
        orchestrator.shutdown().await;
    });
}
