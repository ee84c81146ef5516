//! A parent that compensates takes its child back: a completed one is reverted, a running one is cancelled.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{InstanceState, StepState};

use super::family::{Kit, KitStep, Pair, PairStep, Part, open};
use super::in_time;
use crate::support::data::{Data, on_both};
use crate::support::retry;
use crate::support::world::{Act, World};

/// Why the child of `parent` compensated.
async fn failure_of(orchestrator: &Orchestrator, id: &str) -> Failure<super::family::PartStep> {
    match orchestrator.handle::<Part>(id).outcome().await.unwrap() {
        Outcome::Compensated(failure) => failure,
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn i8_i11_a_completed_child_is_reverted_when_its_parent_fails() {
    on_both(async |data| {
        let world = World::default().script("close", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        let Outcome::Compensated(failure) = kit.outcome().await.unwrap() else { panic!("close was refused") };
        assert_eq!(failure.step, Some(KitStep::Close));
        let calls = world.calls();
        assert_eq!(
            calls[calls.len() - 3..],
            ["pack/compensate", "make/compensate", "open/compensate"],
            "the last first, across both sagas"
        );
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        let failure = failure_of(&orchestrator, "kit-1/part").await;
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Reverted));
        assert!(failure.message.contains("kit-1"), "{failure:?}");
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_i14_a_running_child_is_cancelled_when_its_parent_fails() {
    on_both(async |data| {
        let world =
            World::default().script("make", &[Act::WaitForCancel]).script("label", &[Act::WaitThenReject]);
        let orchestrator = open(data.open(), &world).await;
        let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
        world.called("make", 1).await;
        world.open();
        let Outcome::Compensated(failure) = pair.outcome().await.unwrap() else {
            panic!("label was refused")
        };
        assert_eq!(failure.step, Some(PairStep::Label));
        let failure = failure_of(&orchestrator, "pair-1/part").await;
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Cancelled));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        assert_eq!((world.count("make/compensate"), world.count("pack")), (1, 0));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_parked_child_is_cancelled_when_its_parent_fails() {
    on_both(async |data| {
        let world =
            World::default().script("pack", &[Act::LoseAnswer]).script("label", &[Act::WaitThenReject]);
        let orchestrator = open(data.open(), &world).await;
        let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
        world.called("pack", 1).await;
        let part = orchestrator.handle::<Part>("pair-1/part");
        assert!(matches!(part.outcome().await.unwrap(), Outcome::Parked(_)));
        world.open();
        let Outcome::Compensated(failure) = pair.outcome().await.unwrap() else {
            panic!("label was refused")
        };
        assert_eq!(failure.step, Some(PairStep::Label));
        assert_eq!(failure_of(&orchestrator, "pair-1/part").await.kind, FailureKind::Cancelled);
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_that_fails_turns_around_what_runs_beside_it() {
    on_both(async |data| {
        let world = World::default().script("label", &[Act::WaitForCancel]);
        let orchestrator = open(data.open(), &world).await;
        let pair = orchestrator.start::<Pair>("pair-1", 0).await.unwrap();
        let Outcome::Compensated(failure) = pair.outcome().await.unwrap() else { panic!("it is sold out") };
        assert_eq!(failure.step, Some(PairStep::Part));
        assert_eq!(world.count("label/compensate"), 1);
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_compensation_that_parks_in_the_child_shows_in_the_parent_and_is_waited_for() {
    on_both(async |data| {
        let world =
            World::default().script("close", &[Act::Reject]).script("make/compensate", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        let part = orchestrator.handle::<Part>("kit-1/part");
        world.called("make/compensate", 1).await;
        // It has to be parked, not only refused.
        while kit.status().await.unwrap().steps[1].state != StepState::Parked {
            tokio::task::yield_now().await;
        }
        let status = kit.status().await.unwrap();
        assert_eq!((status.state, status.needs_attention), (InstanceState::Compensating, true));
        assert!(matches!(part.outcome().await.unwrap(), Outcome::Parked(_)));
        assert_eq!(world.count("open/compensate"), 0, "it comes after");
        orchestrator.resolve("kit-1/part", retry()).await.unwrap();
        assert!(matches!(kit.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_i14_a_restart_between_the_decision_and_the_childs_end_loses_nothing() {
    on_both(async |data| {
        let world = World::default().script("close", &[Act::Reject]).script("make/compensate", &[Act::Hang]);
        let orchestrator = open(data.open(), &world).await;
        orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        world.called("make/compensate", 1).await;
        drop(orchestrator);

        let orchestrator = open(data.open_once_free().await, &world).await;
        let kit = orchestrator.handle::<Kit>("kit-1");
        assert!(matches!(kit.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        assert_eq!(world.count("pack/compensate"), 1, "what was compensated is not compensated again");
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_deadline_cancels_the_child_too() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default().script("pack", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(9 * 60)).await;
        assert!(pair.status().await.unwrap().needs_attention, "the child is parked");
        assert_eq!(pair.try_outcome().await.unwrap(), None);
        let Outcome::Compensated(failure) = pair.outcome().await.unwrap() else { panic!("it is too late") };
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Deadline));
        assert_eq!(failure_of(&orchestrator, "pair-1/part").await.kind, FailureKind::Cancelled);
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        orchestrator.shutdown().await;
    }));
}
