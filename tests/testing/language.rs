//! Sagas with items, conditions, messages and children are explored like any other.

use sagas::prelude::*;
use sagas::testing::{case, explore};
use serde::{Deserialize, Serialize};

use crate::support::{World, all_or_nothing};

struct Lines {
    world: World,
}

#[saga]
impl Lines {
    #[step(for_each = lines, concurrency = 2, compensate = release, idempotent)]
    async fn reserve(&self, cx: &StepContext, item: &u32) -> Result<u32, StepError> {
        assert!(*item < 3);
        self.world.forward(cx)
    }
    fn lines(&self, input: &u32) -> Vec<u32> {
        (0..*input).collect()
    }
    async fn release(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(when = is_large, compensate = remove, idempotent)]
    async fn discount(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    fn is_large(&self, input: &u32) -> bool {
        *input > 2
    }
    async fn remove(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(compensate = refund)]
    async fn pay(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.forward(cx).map(|_| ())
    }
    async fn refund(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

#[tokio::test]
async fn items_and_conditions_are_explored() {
    let make = || {
        let world = World::default();
        (Lines { world: world.clone() }, world)
    };
    // Two lines and the payment; the discount is skipped.
    let found = explore(make, 2).check(|world, outcome| all_or_nothing(world, outcome, 3)).run().await;
    assert_eq!(found.left_out, 0, "{found}");
}

#[derive(Debug, Serialize, Deserialize)]
struct Paid {
    amount: u32,
}

struct Invoice {
    world: World,
}

#[saga]
impl Invoice {
    #[step(compensate = cancel, idempotent)]
    async fn send(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(signal, within = "3h", compensate = refund, idempotent)]
    async fn paid(&self, cx: &StepContext, signal: &Paid) -> Result<u32, StepError> {
        assert_eq!(signal.amount, 5);
        self.world.forward(cx)
    }
    async fn refund(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

fn invoice() -> (Invoice, World) {
    let world = World::default();
    (Invoice { world: world.clone() }, world)
}

#[tokio::test]
async fn signals_are_sent_and_their_absence_is_explored() {
    let mut unpaid = 0;
    let check = |world: &World, outcome: &Outcome<Invoice>| {
        if let Outcome::Compensated(failure) = outcome {
            unpaid += u32::from(failure.code.as_deref() == Some("signal_timeout"));
        }
        all_or_nothing(world, outcome, 2)
    };
    let paid = Paid { amount: 5 };
    explore(invoice, ()).signal("payment-1", paid).deviations_max(1).check(check).run().await;
    assert_eq!(unpaid, 1, "it is not sent in one history");
    let found = explore(invoice, ())
        .signal("payment-1", Paid { amount: 5 })
        .check(|world, outcome| all_or_nothing(world, outcome, 2))
        .run()
        .await;
    assert_eq!(found.left_out, 0, "{found}");
}

#[tokio::test]
async fn a_report_says_that_a_signal_is_not_sent() {
    let check = |_: &World, outcome: &Outcome<Invoice>| match outcome {
        Outcome::Compensated(failure) if failure.code.as_deref() == Some("signal_timeout") => Err("unpaid"),
        _ => Ok(()),
    };
    let explored = explore(invoice, ()).signal("payment-1", Paid { amount: 5 }).check(check);
    let told = explored.try_run().await.unwrap_err().timeline;
    let line = told.lines().find(|line| line.contains("the signal payment-1 is not sent"));
    assert!(line.is_some_and(|line| line.starts_with('!')), "{told}");
}

#[tokio::test]
async fn a_signal_without_an_id_is_told() {
    let why = explore(invoice, ()).signal("", Paid { amount: 5 }).try_run().await.unwrap_err().message;
    assert!(why.contains("a signal could not be sent: not the id of an instance or of a signal: "), "{why}");
}

#[tokio::test]
async fn a_signal_that_nobody_sends_is_a_refusal_when_its_time_is_over() {
    let (world, outcome) = case(invoice, ()).await;
    all_or_nothing(&world, &outcome, 2).unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
}

struct Room {
    world: World,
}

#[saga]
impl Room {
    #[step(compensate = free, idempotent)]
    async fn hold(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        assert_eq!(*input, 2, "nights");
        self.world.forward(cx)
    }
    async fn free(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

struct Trip {
    world: World,
}

#[saga]
impl Trip {
    #[step(child = Room, output = room)]
    fn stay(&self, input: &u32) -> u32 {
        *input
    }

    #[step(compensate = cancel, idempotent)]
    async fn fly(&self, cx: &StepContext, room: &u32) -> Result<u32, StepError> {
        assert!(*room < 2);
        self.world.forward(cx)
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

fn trip() -> (Trip, World) {
    let world = World::default();
    (Trip { world: world.clone() }, world)
}

#[tokio::test]
async fn children_are_explored_with_their_parents() {
    let found = explore(trip, 2)
        .register(|builder, world| builder.register(Room { world: world.clone() }))
        .check(|world, outcome| all_or_nothing(world, outcome, 2))
        .run()
        .await;
    assert_eq!(found.left_out, 0, "{found}");
}

#[tokio::test]
async fn what_goes_wrong_in_a_child_is_told_with_its_name() {
    let violation = explore(trip, 2)
        .register(|builder, world| builder.register(Room { world: world.clone() }))
        .check(|_, outcome| match outcome {
            Outcome::Compensated(failure) if failure.step == Some(TripStep::Stay) => Err("no room"),
            _ => Ok(()),
        })
        .try_run()
        .await
        .unwrap_err();
    assert_eq!(
        violation.timeline,
        "\
!     0.000s  explored/stay: hold, attempt 1: rejected (the service refuses)
      0.000s  explored/stay: compensating, since hold failed: the service refuses
      0.000s  explored/stay: compensated
      0.000s  compensating, since stay failed: hold: the service refuses
      0.000s  compensated
"
    );
}
