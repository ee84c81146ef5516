//! Steps that are sagas: the child's output is the step's, its failure is the step's.

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{Error, InstanceState, StepState};

use super::family::{Gift, Kit, KitStep, Move, MoveStep, Pair, Part, builder, open};
use crate::support::data::on_both;
use crate::support::soon;
use crate::support::world::{Act, World};

#[test]
fn the_output_of_the_child_is_the_output_of_its_step() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        let output = kit.outcome().await.unwrap().into_result().unwrap();
        let part = orchestrator.handle::<Part>("kit-1/part");
        assert_eq!(part.outcome().await.unwrap(), Outcome::Completed(output));
        assert_eq!(world.calls(), ["open", "make", "pack", "close"]);
        let keys: Vec<_> = world.seen().into_iter().map(|call| call.key).collect();
        assert_eq!(keys[1..3], ["part/kit-1%2Fpart/make", "part/kit-1%2Fpart/pack"]);
        let status = kit.status().await.unwrap();
        assert_eq!(status.state, InstanceState::Completed);
        assert!(status.steps.iter().all(|step| step.state == StepState::Succeeded), "{status:?}");
        orchestrator.shutdown().await;

        let journal = data.journal("kit-1/part").await;
        let Event::SagaStarted { parent, .. } = &journal[0].events[0] else { panic!("{journal:?}") };
        assert_eq!(parent.as_ref().unwrap().as_str(), "kit-1");
        let journal = data.journal("kit-1").await;
        let succeeded: Vec<_> = journal.iter().flat_map(|entry| &entry.events).collect();
        let part = succeeded.iter().find_map(|event| match event {
            Event::StepSucceeded { step, output, .. } if step.as_str() == "part" => Some(output),
            _ => None,
        });
        assert_eq!(part.unwrap().as_str(), output.to_string());
    });
}

#[test]
fn a_child_that_compensates_fails_its_step_for_the_childs_reason() {
    on_both(async |data| {
        let world = World::default().script("pack@kit-2/part", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let sold_out = orchestrator.start::<Kit>("kit-1", 0).await.unwrap();
        let unpacked = orchestrator.start::<Kit>("kit-2", 1).await.unwrap();
        let expected = [
            (&sold_out, "SoldOut", "make: it is sold out"),
            (&unpacked, "child_compensated", "pack: pack refused"),
        ];
        for (kit, code, message) in expected {
            let Outcome::Compensated(failure) = kit.outcome().await.unwrap() else { panic!("{code}") };
            assert_eq!((failure.step, failure.kind), (Some(KitStep::Part), FailureKind::Rejected));
            assert_eq!(failure.code.as_deref(), Some(code), "{failure:?}");
            assert_eq!((failure.message.as_str(), failure.attempts), (message, 1));
        }
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        assert_eq!((world.count("open/compensate"), world.count("close")), (2, 0));
        assert_eq!((world.count("make/compensate"), world.count("pack/compensate")), (1, 0));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_of_a_child_is_one_too() {
    on_both(async |data| {
        let world = World::default().script("ribbon@gift-2", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let gift = orchestrator.start::<Gift>("gift-1", 1).await.unwrap();
        let output = gift.outcome().await.unwrap().into_result().unwrap();
        let part = orchestrator.handle::<Part>("gift-1/kit/part");
        assert_eq!(part.outcome().await.unwrap(), Outcome::Completed(output));
        assert_eq!(world.in_force().len(), 5);

        let gift = orchestrator.start::<Gift>("gift-2", 1).await.unwrap();
        assert!(matches!(gift.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert_eq!(world.in_force().len(), 5, "{:?}", world.in_force());
        let part = orchestrator.handle::<Part>("gift-2/kit/part");
        let Outcome::Compensated(failure) = part.outcome().await.unwrap() else { panic!("it is in force") };
        assert_eq!(failure.kind, FailureKind::Reverted);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_runs_beside_other_steps() {
    on_both(async |data| {
        let world = World::default().script("make", &[Act::Wait]).script("label", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
        world.called("make", 1).await;
        world.called("label", 1).await;
        let status = pair.status().await.unwrap();
        assert_eq!(status.steps[0].state, StepState::Running);
        assert!(!status.needs_attention);
        world.open();
        assert!(matches!(pair.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.count("close"), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn i12_a_child_with_a_pivot_is_a_pivot_or_comes_after_one() {
    on_both(async |data| {
        let world = World::default()
            .script("drive@move-1/there", &[Act::LoseAnswer, Act::LoseRequest])
            .script("load@move-2/there", &[Act::Reject])
            .script("drive@move-3/back", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let moved = orchestrator.start::<Move>("move-1", ()).await.unwrap();
        assert!(matches!(moved.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.in_force().len(), 5);

        let moved = orchestrator.start::<Move>("move-2", ()).await.unwrap();
        let Outcome::Compensated(failure) = moved.outcome().await.unwrap() else { panic!("refused") };
        assert_eq!(failure.step, Some(MoveStep::There));
        assert_eq!(world.in_force().len(), 5, "{:?}", world.in_force());

        // After the pivot there is no way back.
        let moved = orchestrator.start::<Move>("move-3", ()).await.unwrap();
        let Outcome::Parked(parked) = moved.outcome().await.unwrap() else { panic!("past the pivot") };
        assert_eq!((parked.step, parked.reason), (MoveStep::Back, ParkReason::Refused));
        assert_eq!(world.count("release"), 0);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_saga_whose_child_is_not_registered_is_not_built() {
    on_both(async |data| {
        let world = World::default();
        let built = Orchestrator::builder(data.open()).register(Kit { world }).build().await;
        let Err(Error::NotRegistered { saga }) = built else { panic!("{built:?}") };
        assert_eq!(saga, "part");
    });
}

#[test]
fn parents_and_children_share_few_places_without_waiting_for_each_other() {
    on_both(async |data| {
        let world = World::default().script("ribbon@gift-3", &[Act::Reject]);
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let mut gifts = Vec::new();
        for number in 0..10 {
            gifts.push(orchestrator.start::<Gift>(format!("gift-{number}"), 1).await.unwrap());
        }
        for (number, gift) in gifts.iter().enumerate() {
            let outcome = soon(gift.outcome()).await.unwrap();
            assert_eq!(matches!(outcome, Outcome::Compensated(_)), number == 3, "gift-{number}: {outcome:?}");
        }
        assert_eq!(world.in_force().len(), 9 * 5);
        assert_eq!(world.active_max(), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_goes_on_after_a_restart_and_so_does_its_parent() {
    on_both(async |data| {
        let world = World::default().script("make", &[Act::Hang]);
        let orchestrator = open(data.open(), &world).await;
        orchestrator.start::<Gift>("gift-1", 1).await.unwrap();
        world.called("make", 1).await;
        drop(orchestrator);

        let orchestrator = open(data.open_once_free().await, &world).await;
        let outcome = orchestrator.handle::<Gift>("gift-1").outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!(world.count("open"), 1, "the parent's steps are not run again");
        assert_eq!(world.count("pack"), 1, "there is one child");
        orchestrator.shutdown().await;
    });
}
