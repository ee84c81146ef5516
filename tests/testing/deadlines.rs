//! A deadline passes while the process is down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sagas::prelude::*;
use sagas::testing::explore;

use crate::support::{World, all_or_nothing};

/// A seat is held for two hours, and then bought.
struct Ticket {
    world: World,
}

#[saga(deadline = "2h")]
impl Ticket {
    #[step(compensate = free, idempotent)]
    async fn hold(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn free(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(compensate = cancel, idempotent)]
    async fn order(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(pivot, idempotent)]
    async fn pay(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
}

fn ticket() -> (Ticket, World) {
    let world = World::default();
    (Ticket { world: world.clone() }, world)
}

#[tokio::test]
async fn a_deadline_passes_at_every_entry_at_which_it_counts() {
    let late = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&late);
    let check = move |world: &World, outcome: &Outcome<Ticket>| {
        if matches!(outcome, Outcome::Compensated(failure) if failure.kind == FailureKind::Deadline) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        all_or_nothing(world, outcome, 3)
    };
    explore(ticket, ()).deviations_max(1).check(check).run().await;
    assert_eq!(late.load(Ordering::Relaxed), 2, "while each of the two steps before the pivot is under way");
}

#[tokio::test]
async fn a_report_says_that_the_deadline_has_passed() {
    let check = |_: &World, outcome: &Outcome<Ticket>| match outcome {
        Outcome::Compensated(failure) if failure.kind == FailureKind::Deadline => Err("nobody bought it"),
        _ => Ok(()),
    };
    let violation = explore(ticket, ()).check(check).try_run().await.unwrap_err();
    assert_eq!(violation.history, "0:overdue");
    assert!(
        violation.timeline.contains("the process starts again, after the deadline"),
        "{}",
        violation.timeline
    );
    let again = explore(ticket, ()).check(check).only(violation.history).try_run().await.unwrap_err();
    assert_eq!(again.timeline, violation.timeline);
}
