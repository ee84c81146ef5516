//! Without a store: the same rules, the same ends.

use sagas::inline;
use sagas::prelude::*;

use crate::support::data::Data;
use crate::support::forks::Forks;
use crate::support::scripts::{SCRIPTS, world};
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{open, soon, start};

/// What an outcome says but for the time.
fn told(outcome: &Outcome<Shop>) -> String {
    match outcome {
        Outcome::Parked(parked) => {
            format!("{:?} {:?} {} {}", parked.step, parked.reason, parked.message, parked.attempts)
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_order_ends_as_it_does_under_an_orchestrator() {
    for script in SCRIPTS {
        let (alone, driven) = (world(script), world(script));
        let outcome = soon(inline::run_as("order-1", &Shop { world: alone.clone() }, order(1))).await;
        let orchestrator = open(Data::memory().open(), &driven).await;
        let expected = soon(start(&orchestrator, "order-1").await.outcome()).await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(told(&outcome), told(&expected), "{}", script.0);
        assert_eq!(alone.seen(), driven.seen(), "{}: calls, keys and attempts", script.0);
        assert_eq!(alone.in_force(), driven.in_force(), "{}", script.0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_never_answers_is_given_up() {
    let world = World::default().script("create_order", &[Act::Hang, Act::Panic]);
    let outcome = soon(inline::run(&Shop { world: world.clone() }, order(1))).await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!((world.count("create_order"), world.in_force().len()), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn i8_branches_run_side_by_side_and_are_compensated() {
    let world = World::default().script("left", &[Act::WaitForCancel]).script("right", &[Act::Reject]);
    let outcome = soon(inline::run(&Forks { world: world.clone() }, ())).await;
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    assert_eq!((world.effects(), world.count("left/compensate")), (2, 1));
    assert!(world.in_force().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_run_has_an_id_of_its_own_unless_it_is_given_one() {
    let world = World::default();
    let shop = Shop { world: world.clone() };
    for _ in 0..2 {
        let _ = inline::run(&shop, order(1)).await;
    }
    assert_eq!(world.in_force().len(), 10, "four other keys, four other effects");
    for _ in 0..2 {
        let _ = inline::run_as("order/1", &shop, order(1)).await;
    }
    assert_eq!(world.in_force().len(), 15, "the same keys, the same effects");
    assert_eq!(world.seen().last().unwrap().key, "shop/order%2F1/notify");
}

/// A saga whose values cannot be written as JSON, which only a store would have to do.
struct Silent;

#[derive(Debug, PartialEq)]
struct Mute;

impl serde::Serialize for Mute {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it says nothing"))
    }
}

impl<'de> serde::Deserialize<'de> for Mute {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("it says nothing"))
    }
}

#[saga]
impl Silent {
    #[step(read_only)]
    async fn keep(&self, input: &Mute) -> Result<Mute, StepError> {
        let Mute = input;
        Ok(Mute)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_encoded() {
    assert_eq!(inline::run(&Silent, Mute).await, Outcome::Completed(Mute));
}
