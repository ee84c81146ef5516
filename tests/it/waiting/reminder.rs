//! A saga that waits for times.

use sagas::prelude::*;

use crate::support::world::World;

/// `note`, tried again every five minutes, then `wait` for twenty beside `look` for one, then `remind`.
#[derive(Debug, Clone)]
pub(crate) struct Reminder {
    pub(crate) world: World,
}

#[saga(name = "reminder")]
impl Reminder {
    #[step(compensate = forget, idempotent, retry(attempts = 10, initial = "5m", factor = 1, max = "5m", jitter = false))]
    async fn note(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn forget(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(delay = "20m", after(note), compensate = wait_no_more, idempotent)]
    async fn wait(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn wait_no_more(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(delay = "1m", after(note), compensate = look_away, idempotent)]
    async fn look(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn look_away(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = take_back, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn remind(&self, cx: &StepContext, wait: &u32, look: &u32) -> Result<u32, StepError> {
        let _ = (wait, look);
        self.world.forward(cx).await
    }
    async fn take_back(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// Lets `builder` drive it over `world`.
pub(crate) fn register(builder: sagas::Builder, world: &World) -> sagas::Builder {
    builder.register(Reminder { world: world.clone() })
}
