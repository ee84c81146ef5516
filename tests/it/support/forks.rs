//! A saga that forks and joins.

use sagas::prelude::*;

use super::world::World;

/// `root`, then `left` beside `right` and `far` after `right`, then `join` of all.
#[derive(Debug, Clone)]
pub(crate) struct Forks {
    pub(crate) world: World,
}

#[saga(name = "forks")]
impl Forks {
    #[step(compensate = cancel_root, idempotent)]
    async fn root(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel_root(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(after(root), compensate = cancel_left, idempotent, retry(attempts = 2, initial = "10s"))]
    async fn left(&self, cx: &StepContext, root: &u32) -> Result<u32, StepError> {
        let _ = root;
        self.world.forward(cx).await
    }
    async fn cancel_left(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(after(root), compensate = cancel_right, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn right(&self, cx: &StepContext, root: &u32) -> Result<u32, StepError> {
        let _ = root;
        self.world.forward(cx).await
    }
    async fn cancel_right(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(after(right), compensate = cancel_far, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn far(&self, cx: &StepContext, right: &u32) -> Result<u32, StepError> {
        let _ = right;
        self.world.forward(cx).await
    }
    async fn cancel_far(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = cancel_join, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn join(&self, cx: &StepContext, left: &u32, far: &u32) -> Result<u32, StepError> {
        let _ = (left, far);
        self.world.forward(cx).await
    }
    async fn cancel_join(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}
