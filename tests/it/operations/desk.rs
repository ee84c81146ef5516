//! A saga without a pivot: it can be cancelled at any time, and reverted after its end.

use sagas::Builder;
use sagas::prelude::*;

use crate::support::probe::Probe;
use crate::support::world::World;

/// `take`, which waits an hour between two attempts; `hold`, which is settled; `grant`, whose doubt parks it, and which
/// is called once at a time.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) world: World,
}

#[saga(name = "desk")]
impl Desk {
    #[step(compensate = untake, idempotent, retry(attempts = 2, initial = "1h", max = "1h"), timeout = "1h")]
    async fn take(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        let _ = input;
        self.world.forward(cx).await
    }
    async fn untake(&self, cx: &StepContext, failure: &Failure) -> Result<(), StepError> {
        assert!(!failure.message.is_empty());
        self.world.compensate(cx).await
    }

    #[step(compensate = unhold, idempotent, retry(attempts = 1), timeout = "1h")]
    async fn hold(&self, cx: &StepContext, take: &u32) -> Result<u32, StepError> {
        let _ = take;
        self.world.forward(cx).await
    }
    #[policy(timeout = "1h")]
    async fn unhold(&self, cx: &StepContext, hold: &u32) -> Result<(), StepError> {
        let _ = hold;
        self.world.compensate(cx).await
    }

    #[step(compensate = ungrant, in_doubt = park, max_running = 1, timeout = "1h")]
    async fn grant(&self, cx: &StepContext, hold: &u32) -> Result<u32, StepError> {
        let _ = hold;
        self.world.forward(cx).await
    }
    async fn ungrant(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// Lets `builder` drive it over `world`.
pub(crate) fn register(builder: Builder, world: &World) -> Builder {
    builder.register(Desk { world: world.clone() })
}

/// An orchestrator of the saga over `world`, to be built.
pub(crate) fn builder(store: Probe, world: &World) -> Builder {
    register(Orchestrator::builder(store), world)
}

/// An orchestrator of the saga over `world`.
pub(crate) async fn open(store: Probe, world: &World) -> Orchestrator {
    builder(store, world).build().await.unwrap()
}

/// Starts the instance `id`.
pub(crate) async fn start(orchestrator: &Orchestrator, id: &str) -> Handle<Desk> {
    orchestrator.start::<Desk>(id, 1).await.unwrap()
}
