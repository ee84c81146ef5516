//! Cancelling.

use sagas::Error;
use sagas::prelude::*;

use crate::support::data::Data;
use crate::support::probe::Moment;
use crate::support::world::{Act, World};
use crate::support::{open, soon, start};

/// More appends than an order makes.
const APPENDS_MAX: usize = 20;

/// Cancels an order when its append of this number is durable. `None` if it does not get that far.
async fn cancel_at(append: usize) -> Option<(Result<(), Error>, World)> {
    // So that whoever cancels is heard in the middle of a step.
    let steps = ["create_order", "reserve", "pay", "ship", "notify"];
    let world = steps.into_iter().fold(World::default(), |world, step| world.script(step, &[Act::Linger]));
    let data = Data::memory();
    let store = data.open();
    let plan = store.plan();
    let reached = std::sync::Arc::new(tokio::sync::Notify::new());
    plan.on_append({
        let (plan, reached) = (plan.clone(), std::sync::Arc::clone(&reached));
        move |_, moment| {
            if moment == Moment::After && plan.commits() == append {
                reached.notify_one();
            }
        }
    });
    let orchestrator = open(store, &world).await;
    let order = start(&orchestrator, "order-1").await;
    let cancelled = tokio::select! {
        biased;
        () = reached.notified() => Some(order.cancel("nobody wants it").await),
        outcome = order.outcome() => {
            assert!(matches!(outcome.unwrap(), Outcome::Completed(_)));
            None
        }
    };
    let outcome = soon(order.outcome()).await.unwrap();
    orchestrator.shutdown().await;
    let cancelled = cancelled?;
    match (&cancelled, &outcome) {
        (Ok(()), Outcome::Compensated(failure)) => assert_eq!(failure.kind, FailureKind::Cancelled),
        (Err(Error::PastPivot { .. } | Error::Finished { .. }), Outcome::Completed(_)) => {}
        other => panic!("at append {append}: {other:?}"),
    }
    Some((cancelled, world))
}

#[tokio::test(start_paused = true)]
async fn peer_i8_i14_a_cancel_at_every_append_leaves_all_or_nothing() {
    let (mut taken_back, mut too_late) = (0, 0);
    for append in 1..APPENDS_MAX {
        let Some((cancelled, world)) = cancel_at(append).await else { break };
        let in_force = world.in_force();
        match cancelled {
            Ok(()) => {
                assert!(in_force.is_empty(), "at append {append}: {in_force:?}");
                taken_back += 1;
            }
            Err(_) => {
                assert_eq!(in_force.len(), 5, "at append {append}: {in_force:?}");
                too_late += 1;
            }
        }
    }
    assert!(taken_back >= 3 && too_late >= 2, "{taken_back} and {too_late}");
}
