//! How instances end, and how that is told.

use sagas::prelude::*;
use sagas::{ConflictKind, Error, NotCompleted};

use crate::support::data::{Data, on_both};
use crate::support::forks::Forks;
use crate::support::shop::{Shop, ShopStep, order};
use crate::support::world::{Act, World};
use crate::support::{open, start};

/// The outcome of one order, asked for in every way that there is.
async fn outcome_of(data: &Data, world: &World) -> Outcome<Shop> {
    let orchestrator = open(data.open(), world).await;
    let handle = start(&orchestrator, "order-1").await;
    let outcome = handle.outcome().await.unwrap();
    assert_eq!(handle.outcome().await.unwrap(), outcome, "it may be asked again");
    assert_eq!(handle.try_outcome().await.unwrap(), Some(outcome.clone()), "the store says the same");
    orchestrator.shutdown().await;
    outcome
}

fn failure_of(outcome: Outcome<Shop>) -> Failure<ShopStep> {
    match outcome {
        Outcome::Compensated(failure) => failure,
        other => panic!("not compensated: {other:?}"),
    }
}

fn parked_of(outcome: Outcome<Shop>) -> Parked<ShopStep> {
    match outcome {
        Outcome::Parked(parked) => parked,
        other => panic!("not parked: {other:?}"),
    }
}

#[test]
fn all_steps_succeed() {
    on_both(async |data| {
        let world = World::default();
        let outcome = outcome_of(data, &world).await;
        assert_eq!(outcome, Outcome::Completed("shipment 4 as 5".to_owned()));
        assert_eq!(outcome.into_result(), Ok("shipment 4 as 5".to_owned()));
        assert_eq!(world.calls(), ["create_order", "reserve", "pay", "ship", "notify"]);
        assert_eq!(world.in_force().len(), 5);
    });
}

#[test]
fn a_refused_step_compensates_those_before_it() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Reject]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!(failure.step, Some(ShopStep::Pay));
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert_eq!((failure.code.as_deref(), failure.message.as_str()), (None, "pay refused"));
        assert_eq!((failure.attempts, failure.item), (1, None));
        assert!(failure.skipped.is_empty());
        assert_eq!(failure.to_string(), "step pay failed in attempt 1: pay refused");
        assert_eq!(
            world.calls(),
            ["create_order", "reserve", "pay", "reserve/compensate", "create_order/compensate"]
        );
        assert!(world.in_force().is_empty());
    });
}

#[test]
fn a_refused_first_step_leaves_nothing_to_compensate() {
    on_both(async |data| {
        let world = World::default().script("create_order", &[Act::Reject]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!(failure.step, Some(ShopStep::CreateOrder));
        assert_eq!(world.calls(), ["create_order"]);
    });
}

#[test]
fn i12_a_refused_pivot_compensates_everything_before_it() {
    on_both(async |data| {
        let world = World::default().script("ship", &[Act::Reject]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!((failure.step, failure.kind), (Some(ShopStep::Ship), FailureKind::Rejected));
        assert_eq!(world.calls()[4..], ["pay/compensate", "reserve/compensate", "create_order/compensate"]);
        assert!(world.in_force().is_empty());
    });
}

#[test]
fn a_step_that_is_not_done_is_tried_as_often_as_its_policy_says() {
    on_both(async |data| {
        let world = World::default().script("reserve", &[Act::NotDone; 9]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!((failure.step, failure.kind), (Some(ShopStep::Reserve), FailureKind::NotDone));
        assert_eq!((failure.attempts, failure.message.as_str()), (3, "reserve is down"));
        assert_eq!(world.count("reserve"), 3);
        assert_eq!(world.count("reserve/compensate"), 0, "it had no effect");
        assert!(world.in_force().is_empty());
    });
}

#[test]
fn i8_a_step_in_doubt_is_settled_and_compensated() {
    on_both(async |data| {
        let world = World::default().script("reserve", &[Act::LoseAnswer; 3]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!((failure.step, failure.kind), (Some(ShopStep::Reserve), FailureKind::InDoubt));
        assert_eq!((failure.attempts, failure.message.as_str()), (3, "reserve did not answer"));
        assert_eq!(world.count("reserve"), 4, "once more, to learn its output");
        assert_eq!(world.count("reserve/compensate"), 1);
        assert!(world.in_force().is_empty());
    });
}

#[test]
fn a_check_finds_what_was_done() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::LoseAnswer]);
        let outcome = outcome_of(data, &world).await;
        assert_eq!(outcome, Outcome::Completed("shipment 4 as 5".to_owned()));
        assert_eq!((world.count("pay"), world.count("pay/check")), (1, 1));
    });
}

#[test]
fn a_check_finds_that_nothing_was_done() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::LoseRequest]);
        let failure = failure_of(outcome_of(data, &world).await);
        assert_eq!((failure.step, failure.kind), (Some(ShopStep::Pay), FailureKind::NotDone));
        assert_eq!((failure.attempts, failure.message.as_str()), (1, "pay did not answer"));
        assert_eq!((world.count("pay"), world.count("pay/compensate")), (1, 0));
        assert!(world.in_force().is_empty());
    });
}

#[test]
fn i12_after_the_pivot_a_refusal_parks() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject]);
        let outcome = outcome_of(data, &world).await;
        let not_completed = outcome.clone().into_result().unwrap_err();
        let parked = parked_of(outcome);
        assert_eq!((parked.step, parked.reason), (ShopStep::Notify, ParkReason::Refused));
        assert_eq!((parked.attempts, parked.message.as_str()), (1, "notify refused"));
        assert_eq!(parked.item, None);
        assert_eq!(parked.to_string(), "step notify is parked (refused): notify refused");
        assert_eq!(not_completed.to_string(), parked.to_string());
        assert_eq!(not_completed, NotCompleted::Parked(parked));
        assert_eq!(world.in_force().len(), 4, "nothing is compensated");
    });
}

#[test]
fn what_did_not_complete_is_an_error_that_says_why() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Reject]);
        let outcome = outcome_of(data, &world).await;
        let failure = failure_of(outcome.clone());
        let error: Box<dyn std::error::Error + Send + Sync> = outcome.into_result().unwrap_err().into();
        assert_eq!(error.to_string(), "compensated: step pay failed in attempt 1: pay refused");
        assert_eq!(error.downcast_ref::<NotCompleted<ShopStep>>(), Some(&NotCompleted::Compensated(failure)));
    });
}

#[test]
fn an_unknown_id_is_not_found() {
    on_both(async |data| {
        let orchestrator = open(data.open(), &World::default()).await;
        let handle = orchestrator.handle::<Shop>("order-1");
        let errors = [
            handle.status().await.unwrap_err(),
            handle.outcome().await.unwrap_err(),
            handle.try_outcome().await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(&error, Error::NotFound { id } if id == "order-1"), "{error:?}");
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_handle_of_another_saga_is_a_conflict() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let shop = start(&orchestrator, "order-1").await;
        let forks = orchestrator.handle::<Forks>("order-1");
        for _ in ["it runs", "it has ended"] {
            let errors = [
                forks.status().await.unwrap_err(),
                forks.outcome().await.unwrap_err(),
                forks.try_outcome().await.unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, Error::Conflict { what: ConflictKind::Saga, .. }), "{error:?}");
            }
            world.open();
            let _ = shop.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn there_is_no_outcome_while_it_runs_and_many_may_wait_for_it() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]).script("ship", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        assert_eq!(handle.try_outcome().await.unwrap(), None);
        let waiting: Vec<_> = (0..32)
            .map(|_| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.outcome().await.unwrap() })
            })
            .collect();
        tokio::task::yield_now().await;
        // Who stops waiting takes nothing from the others.
        waiting[0].abort();
        world.open();
        for waiter in waiting.into_iter().skip(1) {
            assert_eq!(failure_of(waiter.await.unwrap()).step, Some(ShopStep::Ship));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_handle_outlives_its_orchestrator() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.outcome().await }
        });
        tokio::task::yield_now().await;
        world.open();
        orchestrator.shutdown().await;
        let errors = [
            waiting.await.unwrap().unwrap_err(),
            handle.outcome().await.unwrap_err(),
            handle.try_outcome().await.unwrap_err(),
            handle.status().await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, Error::ShuttingDown), "{error:?}");
        }
        assert_eq!(world.count("ship"), 0, "nothing started any more");
    });
}

#[test]
fn many_instances_end_each_in_its_own_way() {
    on_both(async |data| {
        let mut world = World::default();
        for number in (0..60).step_by(3) {
            world = world.script(&format!("pay@order-{number}"), &[Act::Reject]);
        }
        let orchestrator = open(data.open(), &world).await;
        let mut handles = Vec::new();
        for number in 0..60 {
            handles.push(orchestrator.start::<Shop>(format!("order-{number}"), order(number)).await.unwrap());
        }
        for (number, handle) in handles.iter().enumerate() {
            let outcome = handle.outcome().await.unwrap();
            assert_eq!(matches!(outcome, Outcome::Compensated(_)), number % 3 == 0, "order-{number}");
        }
        assert_eq!(world.in_force().len(), 40 * 5);
        orchestrator.shutdown().await;
    });
}
