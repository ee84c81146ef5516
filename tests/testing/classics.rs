use sagas::prelude::*;
use sagas::testing::explore;

use crate::support::{World, all_or_nothing};

struct Five {
    world: World,
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
        let _ = reservation;
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
        let _ = pay;
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
async fn a_sound_saga_passes() {
    let make = || {
        let world = World::default();
        (Five { world: world.clone() }, world)
    };
    let began = std::time::Instant::now();
    let found = explore(make, 7).check(|world, outcome| all_or_nothing(world, outcome, 5)).run().await;
    println!("{found} in {:?}", began.elapsed());
}
