//! A saga as it is in truth: its steps use timers and tasks, and it has items, a child and a deadline.

use std::time::Duration;

use sagas::prelude::*;
use sagas::testing::explore;

use crate::support::{World, all_or_nothing};

struct Order {
    world: World,
}

#[saga(deadline = "2m")]
impl Order {
    #[step(compensate = release, idempotent, timeout = "2s")]
    async fn reserve(&self, cx: &StepContext) -> Result<u32, StepError> {
        let (world, cx) = (self.world.clone(), cx.clone());
        let asked = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            world.forward(&cx)
        });
        tokio::time::timeout(Duration::from_secs(1), asked).await??
    }
    async fn release(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(for_each = lines, concurrency = 2, compensate = unpack, idempotent, retry(attempts = 2))]
    async fn pack(&self, cx: &StepContext, item: &u64) -> Result<u32, StepError> {
        assert!(cx.idempotency_key().starts_with("order/explored/pack/"), "{}", cx.idempotency_key());
        tokio::time::sleep(Duration::from_millis(*item * 10)).await;
        self.world.forward(cx)
    }
    fn lines(&self) -> Vec<u64> {
        vec![1, 2]
    }
    async fn unpack(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(child = Payment)]
    fn pay(&self) {}

    #[step(pivot, idempotent)]
    async fn ship(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
}

struct Payment {
    world: World,
}

#[saga]
impl Payment {
    #[step(compensate = refund, idempotent)]
    async fn charge(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn refund(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

#[tokio::test]
async fn a_saga_with_everything_is_sound() {
    let make = || {
        let world = World::default();
        (Order { world: world.clone() }, world)
    };
    let mut too_late = 0;
    let check = |world: &World, outcome: &Outcome<Order>| {
        if let Outcome::Compensated(failure) = outcome {
            too_late += u32::from(failure.kind == FailureKind::Deadline);
        }
        all_or_nothing(world, outcome, 5)
    };
    let explored = explore(make, ())
        .register(|builder, world: &World| builder.register(Payment { world: world.clone() }));
    // The first thousand of its pairs: all of them take ten seconds.
    let found = explored.check(check).histories_max(1_000).run().await;
    assert_eq!((found.histories, found.deviations), (1_000, 2), "{found}");
    assert!(too_late > 0, "two crashes take as long as the deadline is");
}
