//! What an attempt is told: its keys, its number, its deadline, and whether it is still wanted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sagas::prelude::*;
use tokio::time::Instant;

use crate::support::data::on_both;
use crate::support::forks::Forks;
use crate::support::world::{Act, Call, World};
use crate::support::{builder, open, start};

/// The calls of `what`.
fn calls_of(world: &World, what: &str) -> Vec<Call> {
    world.seen().into_iter().filter(|call| call.what == what).collect()
}

/// The keys of the calls of `what`, each with its attempt.
fn keys_of(world: &World, what: &str) -> Vec<(String, u32)> {
    calls_of(world, what).into_iter().map(|call| (call.key, call.attempt)).collect()
}

#[test]
fn a_key_is_saga_instance_and_step() {
    on_both(async |data| {
        let world = World::default().script("ship", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let _ = start(&orchestrator, "order-10248").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let keys: Vec<_> = world.seen().into_iter().map(|call| call.key).collect();
        assert_eq!(
            keys,
            [
                "shop/order-10248/create_order",
                "shop/order-10248/reserve",
                "shop/order-10248/pay",
                "shop/order-10248/ship",
                "shop/order-10248/pay/compensate",
                "shop/order-10248/reserve/compensate",
                "shop/order-10248/create_order/compensate",
            ]
        );
        let compensation = &calls_of(&world, "pay/compensate")[0];
        assert_eq!(compensation.step_key, "shop/order-10248/pay", "what is to be taken back");
        assert_eq!(compensation.instance, "order-10248");
    });
}

#[test]
fn a_namespace_comes_first_and_separators_are_escaped() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).namespace("eu/staging").build().await.unwrap();
        for id in ["a/b", "a%2Fb", "ä b"] {
            let _ = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
        let keys: Vec<_> = keys_of(&world, "pay").into_iter().map(|(key, _)| key).collect();
        assert_eq!(
            keys,
            ["eu%2Fstaging/shop/a%2Fb/pay", "eu%2Fstaging/shop/a%252Fb/pay", "eu%2Fstaging/shop/ä b/pay"]
        );
    });
}

#[test]
fn a_check_has_the_key_of_its_step() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::LoseAnswer]).script("pay/check", &[Act::NotDone]);
        let orchestrator = open(data.open(), &world).await;
        let _ = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let checks = calls_of(&world, "pay/check");
        assert_eq!(checks.iter().map(|check| check.attempt).collect::<Vec<_>>(), [1, 2]);
        for check in checks {
            assert_eq!(
                (check.key.as_str(), check.step_key.as_str()),
                ("shop/order-1/pay", "shop/order-1/pay")
            );
        }
    });
}

#[test]
fn i10_every_attempt_has_the_same_key_and_the_next_number() {
    on_both(async |data| {
        let world = World::default()
            .script("reserve", &[Act::NotDone, Act::LoseAnswer])
            .script("ship", &[Act::Reject])
            .script("reserve/compensate", &[Act::LoseAnswer, Act::NotDone]);
        let orchestrator = open(data.open(), &world).await;
        let _ = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let numbered = |key: &str| (1..=3).map(|attempt| (key.to_owned(), attempt)).collect::<Vec<_>>();
        assert_eq!(keys_of(&world, "reserve"), numbered("shop/order-1/reserve"));
        assert_eq!(keys_of(&world, "reserve/compensate"), numbered("shop/order-1/reserve/compensate"));
        let uuids: Vec<_> = calls_of(&world, "reserve").into_iter().map(|call| call.uuid).collect();
        assert!(uuids.iter().all(|uuid| *uuid == uuids[0]));
    });
}

#[test]
fn attempts_that_died_with_the_process_count_and_keep_the_key() {
    on_both(async |data| {
        let world = World::default().script("ship", &[Act::Hang, Act::Hang]);
        for life in 1..=2 {
            let orchestrator =
                builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
            start(&orchestrator, "order-1").await;
            world.called("ship", life).await;
            orchestrator.shutdown().await;
        }
        let orchestrator = open(data.open(), &world).await;
        let _ = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let expected: Vec<_> = (1..=3).map(|attempt| ("shop/order-1/ship".to_owned(), attempt)).collect();
        assert_eq!(keys_of(&world, "ship"), expected);
        assert_eq!(world.in_force().len(), 5);
    });
}

#[test]
fn the_uuid_of_a_key_never_changes() {
    let cx = StepContext::detached("order-10248", "process_payment");
    assert_eq!(cx.idempotency_key(), "detached/order-10248/process_payment");
    // Services remember it: whoever changes how it is made charges customers twice.
    assert_eq!(cx.idempotency_uuid().to_string(), "e3be769f-01cf-5dc2-a97d-436a2eb6144b");
    let other = StepContext::detached("order-10249", "process_payment");
    assert_ne!(cx.idempotency_uuid(), other.idempotency_uuid());
}

#[test]
fn an_attempt_of_another_branch_is_told_that_it_is_not_wanted() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::WaitForCancel]).script("right", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = orchestrator.start::<Forks>("fork-1", ()).await.unwrap();
        let outcome = handle.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
        assert_eq!(world.effects(), 2, "it was told, and did its work all the same");
        assert_eq!(world.count("left/compensate"), 1, "what it did is taken back");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn an_attempt_knows_when_its_time_is_over_and_a_compensation_is_wanted() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let flow = Watched { told: Arc::clone(&told) };
    let orchestrator = Orchestrator::builder(MemoryStore::new()).register(flow).build().await.unwrap();
    let handle = orchestrator.start::<Watched>("watched-1", ()).await.unwrap();
    let _ = handle.outcome().await.unwrap();
    orchestrator.shutdown().await;
    let step = Told { cancelled: false, left: Duration::from_secs(7) };
    let compensation = Told { cancelled: false, left: Duration::from_secs(30) };
    assert_eq!(*told.lock().unwrap(), [step, compensation], "the timeout of the step, and the default");
}

/// A saga that looks at what it is told.
struct Watched {
    told: Arc<Mutex<Vec<Told>>>,
}

#[derive(Debug, PartialEq)]
struct Told {
    cancelled: bool,
    left: Duration,
}

impl Watched {
    fn look(&self, cx: &StepContext) {
        let left = cx.attempt_deadline().unwrap() - Instant::now();
        self.told.lock().unwrap().push(Told { cancelled: cx.is_cancelled(), left });
    }
}

#[saga]
impl Watched {
    #[step(compensate = unlook, idempotent, timeout = "7s")]
    async fn look_once(&self, cx: &StepContext) -> Result<(), StepError> {
        self.look(cx);
        Ok(())
    }
    async fn unlook(&self, cx: &StepContext) -> Result<(), StepError> {
        self.look(cx);
        Ok(())
    }

    #[step(read_only)]
    async fn refuse(&self, cx: &StepContext) -> Result<(), StepError> {
        Err(StepError::rejected(format!("attempt {}", cx.attempt())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_detached_context_is_a_first_attempt_that_nobody_cancels() {
    let cx = StepContext::detached("order/1", "pay");
    assert_eq!((cx.instance_id(), cx.step(), cx.attempt()), ("order/1", "pay", 1));
    assert_eq!((cx.idempotency_key(), cx.step_key()), ("detached/order%2F1/pay", "detached/order%2F1/pay"));
    assert!(!cx.is_cancelled());
    assert_eq!(cx.attempt_deadline(), None);
    let long = Duration::from_secs(1_000_000);
    assert!(tokio::time::timeout(long, cx.cancelled()).await.is_err());
    let told = Arc::new(Mutex::new(Vec::new()));
    let error = Watched { told }.refuse(&cx).await.unwrap_err();
    assert_eq!(error.to_string(), "attempt 1", "a step is an ordinary method");
}
