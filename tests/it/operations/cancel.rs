//! Cancelling: durable before it returns, once, by whoever is in the journal.

use std::pin::pin;

use sagas::journal::{Event, FailureKind as Kind};
use sagas::prelude::*;
use sagas::{Error, InstanceState, StepState};

use super::desk::{Desk, DeskStep, builder, open, start};
use super::scenes::{ID, state_of};
use crate::support::data::{Data, on_both};
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{self, poll_times, soon};

/// Why the instance compensates, as its journal says: kind, who, message.
async fn causes(data: &Data) -> Vec<(Kind, Option<String>, String)> {
    let journal = data.journal(ID).await;
    let events = journal.into_iter().flat_map(|entry| entry.events);
    events
        .filter_map(|event| match event {
            Event::CompensationDecided { cause } => Some((cause.kind, cause.who, cause.message)),
            _ => None,
        })
        .collect()
}

#[test]
fn i2_who_cancelled_and_why_is_durable_when_it_returns() {
    on_both(async |data| {
        let world =
            World::default().script("hold", &[Act::WaitForCancel]).script("take/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        let by_mara = orchestrator.acting_as("mara").handle::<Desk>(ID);
        by_mara.cancel("the customer called").await.unwrap();
        // A second one is fine, and changes nothing: the first one counts.
        handle.cancel("once more").await.unwrap();
        world.called("take/compensate", 1).await;
        handle.cancel("and once more").await.unwrap();
        world.open();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("cancelled") };
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Cancelled));
        assert_eq!((failure.message.as_str(), failure.attempts), ("the customer called", 0));
        assert_eq!(
            world.calls(),
            ["take", "hold", "hold/compensate", "take/compensate"],
            "the running attempt was told, and awaited"
        );
        assert!(world.in_force().is_empty());
        let late = handle.cancel("too late").await.unwrap_err();
        assert!(matches!(late, Error::Finished { .. }), "{late:?}");
        orchestrator.shutdown().await;
        let (who, why) = (Some("mara".to_owned()), "the customer called".to_owned());
        assert_eq!(causes(data).await, [(Kind::Cancelled, who, why)]);
    });
}

#[test]
fn a_handle_of_another_saga_cancels_nothing() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Wait]);
        let store = data.open();
        let orchestrator =
            builder(store, &world).register(Shop { world: world.clone() }).build().await.unwrap();
        let handle = start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        for times in 0..2 {
            let error = orchestrator.handle::<Shop>(ID).cancel("").await.unwrap_err();
            assert!(matches!(error, Error::Conflict { .. }), "{times}: {error:?}");
            let error = orchestrator.handle::<Shop>(ID).revert("").await.unwrap_err();
            assert!(matches!(error, Error::Conflict { .. }), "{times}: {error:?}");
            world.open();
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn i14_a_dropped_cancel_is_done_or_not() {
    for polls in 0..12 {
        on_both(async |data| {
            let world = World::default().script("hold", &[Act::Wait]).script("take", &[Act::NotDone]);
            let orchestrator = open(data.open(), &world).await;
            let handle = start(&orchestrator, ID).await;
            world.called("take", 1).await;
            {
                let cancelling = pin!(handle.cancel("changed her mind"));
                poll_times(cancelling, polls).await;
            }
            // Whether it was or not, it can be again, and it comes to the same.
            let again = handle.cancel("to be sure").await;
            assert!(matches!(again, Ok(()) | Err(Error::Finished { .. })), "{again:?}");
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
            orchestrator.shutdown().await;
            assert_eq!(causes(data).await.len(), 1, "{polls} polls");
        });
    }
}

#[test]
fn i18_whoever_drops_a_cancel_keeps_nobody_from_being_recovered() {
    for polls in 0..12 {
        on_both(async |data| {
            let world = World::default().script("take", &[Act::Hang]);
            let build = async || {
                let builder = builder(data.open(), &world).shutdown_grace(std::time::Duration::ZERO);
                builder.build().await.unwrap()
            };
            let orchestrator = build().await;
            start(&orchestrator, ID).await;
            world.called("take", 1).await;
            orchestrator.shutdown().await;
            let orchestrator = build().await;
            let handle = orchestrator.handle::<Desk>(ID);
            {
                let cancelling = pin!(handle.cancel("before it goes on"));
                poll_times(cancelling, polls).await;
            }
            let outcome = handle.outcome().await.unwrap();
            assert!(!matches!(outcome, Outcome::Parked(_)), "{polls} polls: {outcome:?}");
            orchestrator.shutdown().await;
        });
    }
}

#[test]
fn i3_a_cancel_that_was_acknowledged_outlives_the_process() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Hang]).script("take/compensate", &[Act::Hang]);
        let orchestrator =
            builder(data.open(), &world).shutdown_grace(std::time::Duration::ZERO).build().await.unwrap();
        start(&orchestrator, ID).await.cancel("early").await.unwrap();
        orchestrator.shutdown().await;
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.handle::<Desk>(ID);
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("cancelled") };
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Cancelled, "early"));
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_queued_instance_that_is_cancelled_never_begins() {
    on_both(async |data| {
        let world = World::default().script("take@other", &[Act::Wait]);
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let other = start(&orchestrator, "other").await;
        world.called("take", 1).await;
        let handle = start(&orchestrator, ID).await;
        handle.cancel("not needed").await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("cancelled") };
        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(world.calls(), ["take"], "it was not called, so nothing is taken back");
        world.open();
        assert!(matches!(other.outcome().await.unwrap(), Outcome::Completed(_)), "its place is not lost");
        let third = start(&orchestrator, "third").await;
        assert!(matches!(third.outcome().await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_step_parked_in_doubt_is_settled_or_compensated_when_it_is_cancelled() {
    on_both(async |data| {
        let world = World::default().script("grant", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("nobody knows") };
        assert_eq!(parked.step, DeskStep::Grant);
        handle.cancel("nobody waits any more").await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("cancelled") };
        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(world.count("grant/compensate"), 1, "it may have been done");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_cancel_while_the_store_does_not_work_waits_until_it_does() {
    let data = Data::memory();
    data.runtime().block_on(soon(async {
        let world = World::default().script("hold", &[Act::Wait]);
        let store = data.open();
        let plan = store.plan();
        let orchestrator = open(store, &world).await;
        let handle = start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        plan.break_down();
        let mut cancelling = pin!(handle.cancel("while it is broken"));
        assert!(poll_times(cancelling.as_mut(), 50).await.is_none(), "nothing is acknowledged");
        plan.mend();
        cancelling.await.unwrap();
        world.open();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        orchestrator.shutdown().await;
    }));
}

#[test]
fn long_words_are_cut_and_not_refused() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await.acting_as("m".repeat(10_000));
        let handle = start(&orchestrator, ID).await;
        handle.cancel("é".repeat(10_000)).await.unwrap();
        world.open();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("cancelled") };
        assert_eq!(failure.message, "é".repeat(2_048));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_is_cancelled_from_outside_and_its_parent_turns_around() {
    use crate::waiting::family::{self, Kit, KitStep};
    on_both(async |data| {
        let world = World::default().script("make", &[Act::WaitForCancel]);
        let orchestrator = family::open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        world.called("make", 1).await;
        orchestrator.acting_as("mara").instance("kit-1/part").cancel("no parts").await.unwrap();
        let Outcome::Compensated(failure) = kit.outcome().await.unwrap() else { panic!("its child was") };
        assert_eq!((failure.step, failure.kind), (Some(KitStep::Part), FailureKind::Rejected));
        assert!(failure.message.contains("no parts"), "{failure:?}");
        assert!(world.in_force().is_empty());
        assert_eq!(state_of(&orchestrator, "kit-1/part").await, InstanceState::Compensated);
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_untyped_handle_says_the_same_as_a_typed_one() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Wait]);
        let orchestrator = support::builder(data.open(), &world)
            .register(Desk { world: world.clone() })
            .build()
            .await
            .unwrap();
        let typed = start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        let any = orchestrator.instance(ID);
        assert_eq!(any.id(), typed.id());
        assert_eq!(any.status().await.unwrap(), typed.status().await.unwrap());
        assert_eq!(any.status().await.unwrap().steps[1].state, StepState::Running);
        for id in ["nobody", "", "a\nb"] {
            let unknown = orchestrator.instance(id);
            for error in [
                unknown.status().await.unwrap_err(),
                unknown.cancel("").await.unwrap_err(),
                unknown.revert("").await.unwrap_err(),
            ] {
                assert!(matches!(&error, Error::NotFound { id: of } if of == id), "{error:?}");
            }
        }
        world.open();
        let _ = typed.outcome().await.unwrap();
        orchestrator.shutdown().await;
    });
}
