//! A saga that has an hour.

use sagas::prelude::*;

use crate::support::world::World;

/// Within an hour: `order`, tried again every ten minutes, then `ship`, its pivot, then, two hours later, `tell`.
#[derive(Debug, Clone)]
pub(crate) struct Express {
    pub(crate) world: World,
}

#[saga(name = "express", deadline = "1h")]
impl Express {
    #[step(
        compensate = cancel,
        in_doubt = park,
        retry(attempts = unlimited, initial = "10m", factor = 1, max = "10m", jitter = false),
        timeout = "3h"
    )]
    async fn order(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(
        pivot,
        idempotent,
        retry(initial = "10m", factor = 1, max = "10m", jitter = false),
        timeout = "3h"
    )]
    async fn ship(&self, cx: &StepContext, order: &u32) -> Result<u32, StepError> {
        let _ = order;
        self.world.forward(cx).await
    }

    #[step(retriable, idempotent, delay = "2h")]
    async fn tell(&self, cx: &StepContext, ship: &u32) -> Result<u32, StepError> {
        let _ = ship;
        self.world.forward(cx).await
    }
}
