//! Starting: the same start twice is one, anything else under a taken id is refused.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{ConflictKind, Error, InvalidId};
use tokio::time::timeout;

use crate::support::data::{Data, on_both};
use crate::support::forks::Forks;
use crate::support::probe::Moment;
use crate::support::shop::{Order, Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, open, poll_times, retry, start};

/// A saga whose input is a map.
struct Mapped;

#[saga]
impl Mapped {
    #[step(read_only)]
    async fn look(&self, input: &HashMap<Key, u32>) -> Result<usize, StepError> {
        Ok(input.len())
    }
}

/// A key that JSON cannot have: it is no text.
#[derive(Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
struct Key(u32, u32);

#[test]
fn the_same_start_is_the_same_instance_while_it_runs_and_when_it_has_ended() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let first = start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        let second = start(&orchestrator, "order-1").await;
        world.open();
        assert_eq!(first.outcome().await.unwrap(), second.outcome().await.unwrap());
        let third = start(&orchestrator, "order-1").await;
        assert_eq!(third.outcome().await.unwrap(), first.outcome().await.unwrap());
        assert_eq!(world.calls(), ["create_order", "reserve", "pay", "ship", "notify"]);
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_same_start_is_the_same_instance_after_a_restart() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Hang]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        assert_eq!(start(&orchestrator, "order-1").await.outcome().await.unwrap(), outcome);
        assert_eq!(world.count("create_order"), 1);
        assert_eq!(world.in_force().len(), 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn peer_five_hundred_starts_at_once_are_one_instance() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let starts: Vec<_> = (0..500)
            .map(|_| {
                let orchestrator = orchestrator.clone();
                tokio::spawn(async move { start(&orchestrator, "order-1").await.outcome().await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for start in starts {
            outcomes.push(start.await.unwrap().unwrap());
        }
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
        assert_eq!(world.calls(), ["create_order", "reserve", "pay", "ship", "notify"]);
        orchestrator.shutdown().await;
    });
}

#[test]
fn many_starts_at_once_of_one_that_a_restart_goes_on_with() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Hang]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        let starts: Vec<_> = (0..16)
            .map(|_| {
                let orchestrator = orchestrator.clone();
                tokio::spawn(async move { start(&orchestrator, "order-1").await.outcome().await })
            })
            .collect();
        for start in starts {
            let outcome = start.await.unwrap().unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        }
        assert_eq!(world.count("ship"), 1);
        assert_eq!(world.in_force().len(), 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn peer_i17_same_id_other_input_is_a_conflict() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let first = start(&orchestrator, "order-1").await;
        for _ in ["it runs", "it has ended"] {
            let error = orchestrator.start::<Shop>("order-1", order(2)).await.unwrap_err();
            assert!(
                matches!(&error, Error::Conflict { id, what: ConflictKind::Input } if id.as_str() == "order-1"),
                "{error:?}"
            );
            world.open();
            let outcome = first.outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        }
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        let error = orchestrator.start::<Shop>("order-1", order(2)).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { what: ConflictKind::Input, .. }), "{error:?}");
        assert_eq!(world.count("create_order"), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn i17_starts_at_once_with_other_inputs_let_one_win() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let starts: Vec<_> = (0..16)
            .map(|number| {
                let orchestrator = orchestrator.clone();
                tokio::spawn(async move { orchestrator.start::<Shop>("order-1", order(number)).await })
            })
            .collect();
        let mut won = Vec::new();
        for start in starts {
            match start.await.unwrap() {
                Ok(handle) => won.push(handle),
                Err(error) => {
                    assert!(matches!(error, Error::Conflict { what: ConflictKind::Input, .. }), "{error:?}");
                }
            }
        }
        assert_eq!(won.len(), 1, "one input is that of the instance");
        let outcome = won[0].outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!(world.calls().len(), 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_id_belongs_to_one_saga() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let shop = start(&orchestrator, "order-1").await;
        for _ in ["it runs", "it has ended"] {
            let error = orchestrator.start::<Forks>("order-1", ()).await.unwrap_err();
            assert!(matches!(error, Error::Conflict { what: ConflictKind::Saga, .. }), "{error:?}");
            let _ = shop.outcome().await.unwrap();
        }
        assert_eq!(world.count("root"), 0);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn an_id_has_1_to_256_bytes_and_no_control_characters() {
    let world = World::default();
    let orchestrator = open(Data::memory().open(), &world).await;
    let cases = [
        (String::new(), InvalidId::Empty),
        ("a".repeat(257), InvalidId::TooLong { bytes: 257 }),
        ("ä".repeat(129), InvalidId::TooLong { bytes: 258 }),
        ("order\n1".to_owned(), InvalidId::ControlCharacter { position: 5 }),
        ("\u{0}".to_owned(), InvalidId::ControlCharacter { position: 0 }),
        ("order\u{85}".to_owned(), InvalidId::ControlCharacter { position: 5 }),
    ];
    for (id, why) in cases {
        let error = orchestrator.start::<Shop>(id.as_str(), order(1)).await.unwrap_err();
        assert!(matches!(error, Error::InvalidId { source } if source == why), "{id:?}: {error:?}");
        let error = orchestrator.handle::<Shop>(id.as_str()).outcome().await.unwrap_err();
        assert!(matches!(&error, Error::NotFound { id: unknown } if *unknown == id), "{id:?}: {error:?}");
    }
    assert!(world.calls().is_empty());
    for id in ["a".to_owned(), "a".repeat(256), "注文/10248 % \"'".to_owned(), " ".to_owned()] {
        let handle = start(&orchestrator, &id).await;
        assert_eq!(handle.id().as_str(), id);
        let outcome = handle.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{id:?}: {outcome:?}");
    }
    orchestrator.shutdown().await;
}

#[test]
fn any_valid_id_is_found_again() {
    on_both(async |data| {
        let world = World::default();
        let ids = ["a", "A", "ä", "a ", "%", "_", "a/b", "a%2Fb", "'; DROP TABLE entry; --", "注文"];
        let orchestrator = open(data.open(), &world).await;
        for id in ids {
            let _ = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
        let orchestrator = open(data.open(), &world).await;
        for id in ids {
            let outcome = orchestrator.handle::<Shop>(id).try_outcome().await.unwrap();
            assert!(matches!(outcome, Some(Outcome::Completed(_))), "{id:?}: {outcome:?}");
        }
        assert_eq!(world.calls().len(), 5 * ids.len(), "each is an instance of its own");
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_input_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).payload_limit(1_000).build().await.unwrap();
        let frame = serde_json::to_string(&order(1)).unwrap().len();
        let input = |bytes| Order { number: 1, note: "x".repeat(bytes - frame) };
        let error = orchestrator.start::<Shop>("order-1", input(1_001)).await.unwrap_err();
        assert!(
            matches!(&error, Error::PayloadTooLarge { id, bytes: 1_001, bytes_max: 1_000 } if id.as_str() == "order-1"),
            "{error:?}"
        );
        let error = orchestrator.handle::<Shop>("order-1").status().await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "nothing was started: {error:?}");
        let outcome = orchestrator.start::<Shop>("order-1", input(1_000)).await.unwrap().outcome().await;
        assert!(matches!(outcome, Ok(Outcome::Completed(_))), "{outcome:?}");
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_an_input_is_one_mebibyte_if_nothing_is_said() {
    let orchestrator = open(Data::memory().open(), &World::default()).await;
    let input = Order { number: 1, note: "x".repeat(1024 * 1024) };
    let error = orchestrator.start::<Shop>("order-1", input).await.unwrap_err();
    assert!(matches!(error, Error::PayloadTooLarge { bytes_max: 1_048_576, .. }), "{error:?}");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_input_that_json_cannot_hold_is_refused() {
    let orchestrator = Orchestrator::builder(MemoryStore::new()).register(Mapped).build().await.unwrap();
    let input = HashMap::from([(Key(1, 2), 3)]);
    let error = orchestrator.start::<Mapped>("map-1", input).await.unwrap_err();
    assert!(matches!(&error, Error::NotEncodable { id, .. } if id.as_str() == "map-1"), "{error:?}");
    let error = orchestrator.handle::<Mapped>("map-1").status().await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "nothing was started: {error:?}");
    let outcome = orchestrator.start::<Mapped>("map-1", HashMap::new()).await.unwrap().outcome().await;
    assert_eq!(outcome.unwrap(), Outcome::Completed(0));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_not_registered_is_not_started() {
    let orchestrator = open(Data::memory().open(), &World::default()).await;
    let error = orchestrator.start::<Mapped>("map-1", HashMap::new()).await.unwrap_err();
    assert!(matches!(&error, Error::NotRegistered { saga } if saga == "mapped"), "{error:?}");
    orchestrator.shutdown().await;
}

#[test]
fn i14_a_dropped_start_is_started_and_driven_or_not_started() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let mut started = 0;
        for times in 0..8 {
            let id = format!("order-{times}");
            {
                let start = pin!(orchestrator.start::<Shop>(id.as_str(), order(1)));
                let _ended = poll_times(start, times).await;
            }
            // Whatever was handed in before this one is durable before it.
            let _ = start(&orchestrator, &format!("after-{times}")).await;
            let handle = orchestrator.handle::<Shop>(id.as_str());
            match handle.status().await {
                Ok(_) => {
                    started += 1;
                    let outcome = handle.outcome().await.unwrap();
                    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
                }
                Err(error) => assert!(matches!(error, Error::NotFound { .. }), "{error:?}"),
            }
        }
        assert_eq!(started, 7, "all that were polled at all");
        assert_eq!(world.in_force().len(), 15 * 5);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_nothing_is_started() {
    let data = Data::memory();
    let world = World::default();
    let orchestrator = open(data.open(), &world).await;
    orchestrator.shutdown().await;
    let error = orchestrator.start::<Shop>("order-1", order(1)).await.unwrap_err();
    assert!(matches!(error, Error::ShuttingDown), "{error:?}");
    assert!(data.stored("order-1").await.is_none());
    assert!(world.calls().is_empty());
}

/// Longer than anything takes in these tests but a store that is held back.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn i2_a_start_and_an_outcome_are_reported_once_they_are_durable() {
    let data = Data::memory();
    let world = World::default().script("notify", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;

    plan.hold();
    let mut starting = pin!(orchestrator.start::<Shop>("order-1", order(1)));
    assert!(timeout(LONG, starting.as_mut()).await.is_err(), "it reports what is not durable");
    assert!(data.stored("order-1").await.is_none(), "the test holds the write back");
    plan.release();
    let handle = starting.await.unwrap();
    assert!(data.stored("order-1").await.is_some());

    world.called("notify", 1).await;
    plan.hold();
    world.open();
    let mut outcome = pin!(handle.outcome());
    assert!(timeout(LONG, outcome.as_mut()).await.is_err(), "it reports what is not durable");
    assert_eq!(handle.try_outcome().await.unwrap(), None);
    plan.release();
    assert!(matches!(outcome.await.unwrap(), Outcome::Completed(_)));
    assert_eq!(data.journal("order-1").await.last().unwrap().events.last(), Some(&Event::Completed));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i2_a_resolution_is_reported_once_it_is_durable() {
    let data = Data::memory();
    let world = World::default().script("notify", &[Act::Reject]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    let handle = start(&orchestrator, "order-1").await;
    assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
    let is_resolved = async || {
        let journal = data.journal("order-1").await;
        journal.iter().flat_map(|entry| &entry.events).any(|event| matches!(event, Event::Resolved { .. }))
    };

    // The claim of the parked instance goes through, its entry does not.
    plan.on_append({
        let plan = plan.clone();
        move |_, moment| {
            if moment == Moment::Before {
                plan.hold();
            }
        }
    });
    let mut resolving = pin!(orchestrator.resolve("order-1", retry()));
    assert!(timeout(LONG, resolving.as_mut()).await.is_err(), "it reports what is not durable");
    assert!(!is_resolved().await, "the test holds the write back");
    plan.on_append(|_, _| {});
    plan.release();
    resolving.await.unwrap();
    assert!(is_resolved().await);
    assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_does_not_wait_for_others_to_be_started() {
    let world = World::default().script("create_order@order-1", &[Act::Hang]);
    let orchestrator = builder(Data::memory().open(), &world).max_active(1).build().await.unwrap();
    start(&orchestrator, "order-1").await;
    let second = start(&orchestrator, "order-2").await;
    assert_eq!(second.try_outcome().await.unwrap(), None);
    orchestrator.shutdown().await;
}

#[test]
fn what_programs_hold_can_go_anywhere() {
    fn is_send<T: Send>(_: &T) {}
    fn is_clone_send_sync<T: Clone + Send + Sync + 'static>() {}
    is_clone_send_sync::<Orchestrator>();
    is_clone_send_sync::<Handle<Shop>>();
    is_clone_send_sync::<Outcome<Shop>>();
    fn futures(orchestrator: &Orchestrator, handle: &Handle<Shop>) {
        is_send(&orchestrator.start::<Shop>("order-1", order(1)));
        is_send(&orchestrator.resolve("order-1", retry()));
        is_send(&orchestrator.shutdown());
        is_send(&handle.outcome());
        is_send(&handle.try_outcome());
        is_send(&handle.status());
    }
    let _ = futures;
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    is_error::<Error>();
}
