//! How instances end.

use sagas::prelude::*;

use crate::support::shop::{Act, Shop, ShopStep, World, order};
use crate::support::soon;

async fn outcome_of(world: &World) -> Outcome<Shop> {
    let orchestrator = Orchestrator::builder(MemoryStore::new())
        .register(Shop { world: world.clone() })
        .build()
        .await
        .unwrap();
    let handle = orchestrator.start::<Shop>("order-1", order(1)).await.unwrap();
    let outcome = soon(handle.outcome()).await.unwrap();
    assert_eq!(soon(handle.outcome()).await.unwrap(), outcome, "it may be asked again");
    assert_eq!(handle.try_outcome().await.unwrap(), Some(outcome.clone()), "the store says the same");
    orchestrator.shutdown().await;
    outcome
}

#[tokio::test]
async fn all_steps_succeed() {
    let world = World::default();
    let outcome = outcome_of(&world).await;
    assert_eq!(outcome, Outcome::Completed("shipment 4 as 5".to_owned()));
    assert_eq!(world.calls(), ["create_order", "reserve", "pay", "ship", "notify"]);
}

#[tokio::test]
async fn a_refused_step_compensates_those_before_it() {
    let world = World::default().script("pay", &[Act::Reject]);
    let Outcome::Compensated(failure) = outcome_of(&world).await else { panic!("not compensated") };
    assert_eq!(failure.step, Some(ShopStep::Pay));
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert_eq!(
        world.calls(),
        ["create_order", "reserve", "pay", "reserve/compensate", "create_order/compensate"]
    );
    assert!(world.in_force().is_empty());
}
