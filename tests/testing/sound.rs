//! A saga over services that keep the rules passes, whatever happens.

use sagas::prelude::*;
use sagas::testing::explore;

use crate::support::{World, all_or_nothing};

/// Five steps with every kind of answer to doubt.
pub(crate) struct Five {
    world: World,
}

/// A saga of five steps over a world of its own.
pub(crate) fn five() -> (Five, World) {
    let world = World::default();
    (Five { world: world.clone() }, world)
}

#[saga]
impl Five {
    #[step(compensate = cancel_order, idempotent)]
    async fn create_order(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        assert!(*input > 0);
        self.world.forward(cx)
    }
    async fn cancel_order(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(output = reservation, compensate = release, idempotent, retry(attempts = 3))]
    async fn reserve(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn release(&self, cx: &StepContext, reservation: &u32) -> Result<(), StepError> {
        assert!(*reservation < 5);
        self.world.compensate(cx)
    }

    #[step(compensate = refund, in_doubt = check(find))]
    async fn pay(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn find(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.world.check(cx)
    }
    async fn refund(&self, cx: &StepContext, pay: Option<&u32>) -> Result<(), StepError> {
        assert!(pay.is_none_or(|pay| *pay < 5));
        self.world.compensate(cx)
    }

    #[step(pivot, idempotent)]
    async fn ship(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }

    #[step(retriable, idempotent)]
    async fn notify(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
}

#[tokio::test]
async fn every_history_of_five_steps_is_sound() {
    let found = explore(five, 7).check(|world, outcome| all_or_nothing(world, outcome, 5)).run().await;
    assert_eq!((found.deviations, found.left_out), (2, 0), "{found}");
    assert!(found.histories > 1_000 && found.crash_points > 300, "{found}");
}

#[tokio::test]
async fn what_can_only_park_is_tried_when_it_is_wanted() {
    let mut parked = Vec::new();
    let check = |world: &World, outcome: &Outcome<Five>| match outcome {
        Outcome::Parked(at) => {
            parked.push((at.step, at.reason));
            Ok(())
        }
        other => all_or_nothing(world, other, 5),
    };
    explore(five, 7).deviations_max(1).with_parking().check(check).run().await;
    assert_eq!(parked, [(FiveStep::Notify, ParkReason::Refused)]);
}

/// Three steps, of which two run at once.
struct Fork {
    world: World,
}

#[saga]
impl Fork {
    #[step(compensate = close, idempotent)]
    async fn open(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn close(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(after(open), compensate = untake)]
    async fn left(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn untake(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(after(open), compensate = unfetch)]
    async fn right(&self, cx: &StepContext) -> Result<u32, StepError> {
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        self.world.forward(cx)
    }
    async fn unfetch(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

#[tokio::test]
async fn every_history_of_branches_that_run_at_once_is_sound() {
    let make = || {
        let world = World::default();
        (Fork { world: world.clone() }, world)
    };
    let found = explore(make, ()).check(|world, outcome| all_or_nothing(world, outcome, 3)).run().await;
    assert_eq!(found.left_out, 0, "{found}");
}
