//! Reverting: what has completed is taken back.

use sagas::prelude::*;
use sagas::store::Store;
use sagas::{Error, Filter, InstanceId, InstanceState, StepState};

use super::desk::{Desk, open, start};
use super::scenes::{ID, state_of};
use crate::support::data::on_both;
use crate::support::retry;
use crate::support::world::{Act, World};
use crate::waiting::family::{self, Gift, Kit, Part};

#[test]
fn i8_i11_what_has_completed_is_taken_back_in_reverse() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        let by_mara = orchestrator.acting_as("mara");
        by_mara.handle::<Desk>(ID).revert("sent back").await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("reverted") };
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Reverted));
        assert_eq!(failure.message, "sent back");
        assert_eq!(handle.try_outcome().await.unwrap(), Some(Outcome::Compensated(failure)));
        assert_eq!(world.calls()[3..], ["grant/compensate", "hold/compensate", "take/compensate"]);
        assert!(world.in_force().is_empty());
        for step in handle.status().await.unwrap().steps {
            assert_eq!(step.state, StepState::Compensated);
        }
        let again = handle.revert("twice").await.unwrap_err();
        assert!(matches!(again, Error::NotRevertible { .. }), "{again:?}");
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_second_revert_while_it_is_taken_back_is_fine() {
    on_both(async |data| {
        let world = World::default().script("hold/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        let _ = handle.outcome().await.unwrap();
        let (one, other) = tokio::join!(handle.revert("one"), handle.revert("other"));
        one.unwrap();
        other.unwrap();
        world.called("hold/compensate", 1).await;
        handle.revert("once more").await.unwrap();
        assert_eq!(state_of(&orchestrator, ID).await, InstanceState::Compensating);
        assert_eq!(handle.try_outcome().await.unwrap(), None, "it is not completed any more");
        world.open();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert_eq!(world.count("hold/compensate"), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_compensation_that_is_refused_parks_what_is_reverted_and_a_restart_changes_nothing() {
    on_both(async |data| {
        let world = World::default().script("hold/compensate", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        let _ = handle.outcome().await.unwrap();
        handle.revert("sent back").await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.shutdown().await;
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.handle::<Desk>(ID);
        handle.revert("is it on its way?").await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.resolve(ID, retry()).await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("reverted") };
        assert_eq!(failure.message, "sent back");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_is_reverted_by_its_parent_only() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = family::open(data.open(), &world).await;
        let gift = orchestrator.start::<Gift>("gift-1", 1).await.unwrap();
        let _ = gift.outcome().await.unwrap();
        for id in ["gift-1/kit", "gift-1/kit/part"] {
            let error = orchestrator.instance(id).revert("by itself").await.unwrap_err();
            let Error::NotRevertible { why, .. } = &error else { panic!("{error:?}") };
            assert!(why.contains("step of another"), "{why}");
        }
        assert_eq!(world.in_force().len(), 5);
        gift.revert("sent back").await.unwrap();
        assert!(matches!(gift.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
        for id in ["gift-1/kit", "gift-1/kit/part"] {
            assert_eq!(state_of(&orchestrator, id).await, InstanceState::Compensated);
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_whose_parent_is_gone_is_reverted_from_outside() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = family::open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        let _ = kit.outcome().await.unwrap();
        orchestrator.shutdown().await;
        // As somebody may do who deletes in the store.
        let store = data.open_once_free().await;
        assert_eq!(store.delete(&[InstanceId::new("kit-1").unwrap()]).await.unwrap(), 1);
        store.close().await.unwrap();
        let orchestrator = family::open(data.open_once_free().await, &world).await;
        let part = orchestrator.handle::<Part>("kit-1/part");
        part.revert("nobody else can").await.unwrap();
        assert!(matches!(part.outcome().await.unwrap(), Outcome::Compensated(_)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn what_is_purged_is_not_there_to_be_reverted() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let mut handles = Vec::new();
        for number in 0..40 {
            let handle = start(&orchestrator, &format!("it-{number}")).await;
            let _ = handle.outcome().await.unwrap();
            handles.push(handle);
        }
        let purging = orchestrator.purge(Filter::new());
        let reverting = async {
            let mut reverted = Vec::new();
            for handle in &handles {
                match handle.revert("at the same time").await {
                    Ok(()) => reverted.push(handle),
                    Err(Error::NotFound { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            reverted
        };
        let (reverted, purged) = tokio::join!(reverting, purging);
        assert_eq!(purged.unwrap() + reverted.len() as u64, 40, "one or the other");
        for handle in reverted {
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        }
        orchestrator.shutdown().await;
    });
}
