//! The life of an orchestrator: what a shutdown waits for, what it leaves behind, and when the store is free.

use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::store::StoreErrorKind;
use sagas::{Error, StepState};

use crate::support::data::{Data, on_both};
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, open, soon, start};

/// What happened to the instance, by name.
async fn events(data: &Data, id: &str) -> Vec<&'static str> {
    data.journal(id).await.iter().flat_map(|entry| &entry.events).map(Event::name).collect()
}

#[test]
fn a_shutdown_lets_running_attempts_end_and_starts_nothing_more() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        let ending = tokio::spawn({
            let orchestrator = orchestrator.clone();
            async move { orchestrator.shutdown().await }
        });
        tokio::task::yield_now().await;
        let error = orchestrator.start::<Shop>("order-2", order(1)).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
        world.open();
        ending.await.unwrap();
        assert_eq!(world.calls(), ["create_order", "reserve", "pay"]);
        assert_eq!(events(data, "order-1").await.last(), Some(&"StepSucceeded"), "what ended is on record");

        let orchestrator = open(data.open(), &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!(world.calls(), ["create_order", "reserve", "pay", "ship", "notify"]);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_tells_no_attempt_to_cancel() {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::WaitForCancel]);
    let orchestrator = open(data.open(), &world).await;
    let handle = start(&orchestrator, "order-1").await;
    world.called("pay", 1).await;
    orchestrator.shutdown().await;
    assert!(matches!(handle.status().await, Err(Error::ShuttingDown)));
    // It ended by its timeout, within the grace.
    assert_eq!(events(&data, "order-1").await.last(), Some(&"AttemptFailed"));
    assert_eq!(world.in_force().len(), 2, "it did not do its work");
}

#[test]
fn i14_an_attempt_that_outlasts_the_grace_is_dropped_and_in_doubt() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Hang]);
        let orchestrator =
            builder(data.open(), &world).shutdown_grace(Duration::from_millis(1)).build().await.unwrap();
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        orchestrator.shutdown().await;
        assert_eq!(events(data, "order-1").await.last(), Some(&"StepStarted"), "nothing is known of it");

        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        let outcome = handle.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        orchestrator.shutdown().await;
        assert!(events(data, "order-1").await.contains(&"AttemptLost"));
        assert_eq!((world.count("pay"), world.count("pay/check")), (1, 1), "the check found it");
        assert_eq!(world.in_force().len(), 5);
    });
}

#[test]
fn i14_a_shutdown_in_the_middle_of_compensating() {
    on_both(async |data| {
        let world = World::default()
            .script("ship", &[Act::Reject])
            .script("pay/compensate", &[Act::Hang, Act::Hang])
            .script("reserve/compensate", &[Act::Hang]);
        for what in [("pay/compensate", 1), ("pay/compensate", 2), ("reserve/compensate", 1)] {
            let orchestrator =
                builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
            start(&orchestrator, "order-1").await;
            world.called(what.0, what.1).await;
            orchestrator.shutdown().await;
        }
        let orchestrator = open(data.open(), &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
        let decisions =
            events(data, "order-1").await.iter().filter(|name| **name == "CompensationDecided").count();
        assert_eq!(decisions, 1);
    });
}

#[test]
fn i14_many_instances_are_cut_off_anywhere_and_all_end() {
    on_both(async |data| {
        let steps = ["create_order", "reserve", "pay", "ship", "notify", "reserve/compensate"];
        let mut world = World::default();
        for number in 0..60 {
            let id = format!("order-{number}");
            world = world.script(&format!("{}@{id}", steps[number % 6]), &[Act::Hang]);
            if number % 6 == 5 {
                world = world.script(&format!("pay@{id}"), &[Act::Reject]);
            }
        }
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for number in 0..60 {
            start(&orchestrator, &format!("order-{number}")).await;
        }
        world.called("notify", 10).await;
        world.called("reserve/compensate", 10).await;
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        for number in 0..60 {
            let handle = orchestrator.handle::<Shop>(format!("order-{number}"));
            let outcome = handle.outcome().await.unwrap();
            assert_eq!(matches!(outcome, Outcome::Compensated(_)), number % 6 == 5, "{number}: {outcome:?}");
        }
        assert_eq!(world.in_force().len(), 50 * 5);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_during_a_backoff_does_not_wait_for_it() {
    let data = Data::memory();
    let world = World::default().script("reserve@waits", &[Act::NotDone]).script("pay@runs", &[Act::Hang]);
    let orchestrator = open(data.open(), &world).await;
    start(&orchestrator, "runs").await;
    world.called("pay", 1).await;
    let waits = start(&orchestrator, "waits").await;
    while waits.status().await.unwrap().steps[1].state != StepState::Waiting {
        tokio::task::yield_now().await;
    }
    // The time of the backoff passes while the other attempt has its grace.
    soon(orchestrator.shutdown()).await;
    assert_eq!(world.count("reserve"), 2, "it was not called again");
    assert_eq!(events(&data, "waits").await.last(), Some(&"AttemptFailed"));
    let orchestrator = open(data.open(), &world).await;
    for id in ["waits", "runs"] {
        let outcome = start(&orchestrator, id).await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    }
    orchestrator.shutdown().await;
}

#[test]
fn the_store_is_free_when_a_shutdown_returns() {
    on_both(async |data| {
        let world = World::default();
        for life in 1..=3 {
            let orchestrator = open(data.open(), &world).await;
            let _ = start(&orchestrator, &format!("order-{life}")).await.outcome().await.unwrap();
            orchestrator.shutdown().await;
        }
        assert_eq!(world.in_force().len(), 3 * 5);
    });
}

#[test]
fn a_shutdown_may_be_asked_for_twice_and_at_once() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        let clone = orchestrator.clone();
        let open_gate = async {
            tokio::task::yield_now().await;
            world.open();
        };
        tokio::join!(orchestrator.shutdown(), clone.shutdown(), open_gate);
        assert!(data.try_open().is_ok(), "the store is free");
        orchestrator.shutdown().await;
        drop(clone);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_dropped_shutdown_goes_on() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        {
            let mut ending = std::pin::pin!(orchestrator.shutdown());
            assert!(crate::support::poll_times(ending.as_mut(), 3).await.is_none());
        }
        world.open();
        let store = data.open_once_free().await;
        let orchestrator = open(store, &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        orchestrator.shutdown().await;
    });
}

#[test]
fn i14_dropping_the_last_clone_is_a_shutdown() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let clone = orchestrator.acting_as("anna");
        let handle = start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        drop(orchestrator);
        assert_eq!(handle.try_outcome().await.unwrap(), None, "a clone is left");
        drop(clone);
        world.open();
        let error = handle.outcome().await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");

        let orchestrator = open(data.open_once_free().await, &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!(world.count("pay"), 1, "it ended within the grace");
        orchestrator.shutdown().await;
    });
}

#[test]
fn i14_dropping_handles_changes_nothing() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        for number in 0..8 {
            let handle = start(&orchestrator, &format!("order-{number}")).await;
            if number % 2 == 0 {
                let waiting = tokio::spawn(async move { handle.outcome().await });
                tokio::task::yield_now().await;
                waiting.abort();
            }
        }
        for number in 0..8 {
            let handle = orchestrator.handle::<Shop>(format!("order-{number}"));
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        assert_eq!(world.in_force().len(), 8 * 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_file_has_one_orchestrator() {
    let data = Data::sqlite();
    data.runtime().block_on(soon(async {
        let path = data.path().unwrap();
        let orchestrator = open(data.open(), &World::default()).await;
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(&error, Error::Store(store) if store.kind() == StoreErrorKind::Locked), "{error:?}");
        let start = orchestrator.start::<Shop>("order-1", order(1)).await.unwrap();
        assert!(matches!(start.outcome().await.unwrap(), Outcome::Completed(_)), "it is not disturbed");
        orchestrator.shutdown().await;
        assert!(SqliteStore::open(&path).is_ok());
    }));
}

#[test]
fn a_runtime_that_is_gone_frees_the_store() {
    for data in Data::both() {
        let world = World::default().script("pay", &[Act::Hang]);
        let runtime = data.runtime();
        let orchestrator = runtime.block_on(async {
            let orchestrator = open(data.open(), &world).await;
            start(&orchestrator, "order-1").await;
            world.called("pay", 1).await;
            orchestrator
        });
        // In either order.
        drop(runtime);
        drop(orchestrator);
        data.runtime().block_on(soon(async {
            let orchestrator = open(data.open_once_free().await, &world).await;
            let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn a_runtime_that_is_gone_with_writes_handed_in_frees_the_store() {
    for data in Data::both() {
        let world = World::default();
        let runtime = data.runtime();
        runtime.block_on(async {
            let store = data.open();
            let plan = store.plan();
            let orchestrator = open(store, &world).await;
            plan.hold();
            // The first is being written when the second is handed in.
            for id in ["order-1", "order-2"] {
                let mut starting = std::pin::pin!(orchestrator.start::<Shop>(id, order(1)));
                assert!(crate::support::poll_times(starting.as_mut(), 10).await.is_none());
            }
            assert_eq!(plan.entries(), 1);
        });
        drop(runtime);
        data.runtime().block_on(soon(async {
            let orchestrator = open(data.open_once_free().await, &world).await;
            start(&orchestrator, "order-2").await;
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn without_a_runtime_nothing_is_built() {
    let builder = builder(Data::memory().open(), &World::default());
    let mut building = std::pin::pin!(builder.build());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(built) = std::future::Future::poll(building.as_mut(), &mut context) else {
        panic!("it waits");
    };
    assert!(matches!(built, Err(Error::NoRuntime)));
}
