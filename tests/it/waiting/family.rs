//! Sagas whose steps are sagas.

use sagas::prelude::*;

use crate::support::probe::Probe;
use crate::support::world::World;

/// What can go wrong with a part.
#[derive(Debug, Fault)]
pub(crate) enum PartError {
    #[fault(rejected)]
    SoldOut,
    #[fault(transparent)]
    Other(StepError),
}

impl std::fmt::Display for PartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SoldOut => f.write_str("it is sold out"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

/// The saga that is a step of others: `make`, then `pack`.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) world: World,
}

#[saga(name = "part")]
impl Part {
    #[step(compensate = unmake, idempotent, retry(attempts = 3, initial = "10ms"), timeout = "5s")]
    async fn make(&self, cx: &StepContext, input: &u32) -> Result<u32, PartError> {
        if *input == 0 {
            return Err(PartError::SoldOut);
        }
        self.world.forward(cx).await.map_err(PartError::Other)
    }
    #[policy(retry(initial = "10ms", max = "100ms"))]
    async fn unmake(&self, cx: &StepContext, make: &u32) -> Result<(), StepError> {
        let _ = make;
        self.world.compensate(cx).await
    }

    #[step(compensate = unpack, in_doubt = park, timeout = "5s")]
    async fn pack(&self, cx: &StepContext, make: &u32) -> Result<u32, StepError> {
        let _ = make;
        self.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms", max = "100ms"))]
    async fn unpack(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// `open`, then a [`Part`], then `close`.
#[derive(Debug, Clone)]
pub(crate) struct Kit {
    pub(crate) world: World,
}

#[saga(name = "kit")]
impl Kit {
    #[step(compensate = reopen, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn open(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        let _ = input;
        self.world.forward(cx).await
    }
    async fn reopen(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(child = Part, output = part)]
    fn part(&self, input: &u32, open: &u32) -> u32 {
        assert!(*open > 0, "the output of the step before");
        *input
    }

    #[step(compensate = unclose, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn close(&self, cx: &StepContext, part: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(*part)
    }
    async fn unclose(&self, cx: &StepContext, failure: &Failure) -> Result<(), StepError> {
        let _ = failure;
        self.world.compensate(cx).await
    }
}

/// A [`Part`] beside `label`, then `close`.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) world: World,
}

#[saga(name = "pair", deadline = "10m")]
impl Pair {
    #[step(child = Part, after())]
    fn part(&self, input: &u32) -> u32 {
        *input
    }

    #[step(compensate = unlabel, idempotent, after(), timeout = "1h", retry(attempts = 3, initial = "10ms"))]
    async fn label(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn unlabel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = unclose, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn close(&self, cx: &StepContext, part: &u32, label: &u32) -> Result<u32, StepError> {
        let _ = label;
        self.world.forward(cx).await?;
        Ok(*part)
    }
    async fn unclose(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// A [`Kit`], which has a child, then `ribbon`.
#[derive(Debug, Clone)]
pub(crate) struct Gift {
    pub(crate) world: World,
}

#[saga(name = "gift")]
impl Gift {
    #[step(child = Kit)]
    fn kit(&self, input: &u32) -> u32 {
        *input
    }

    #[step(compensate = untie, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn ribbon(&self, cx: &StepContext, kit: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(*kit)
    }
    async fn untie(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// A saga with a pivot: `load`, then `drive`, which cannot be taken back.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    pub(crate) world: World,
}

#[saga(name = "transport")]
impl Transport {
    #[step(compensate = unload, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn load(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        let _ = input;
        self.world.forward(cx).await
    }
    async fn unload(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(pivot, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn drive(&self, cx: &StepContext, load: &u32) -> Result<u32, StepError> {
        let _ = load;
        self.world.forward(cx).await
    }
}

/// `reserve`, then two [`Transport`]s: there as its pivot, and back.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) world: World,
}

#[saga(name = "move")]
impl Move {
    #[step(compensate = release, idempotent)]
    async fn reserve(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn release(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(child = Transport, pivot)]
    fn there(&self, reserve: &u32) -> u32 {
        *reserve
    }

    #[step(child = Transport, retriable)]
    fn back(&self, there: &u32) -> u32 {
        *there
    }
}

/// Lets `builder` drive them over `world`.
pub(crate) fn register(builder: sagas::Builder, world: &World) -> sagas::Builder {
    let world = || world.clone();
    builder
        .register(Part { world: world() })
        .register(Kit { world: world() })
        .register(Pair { world: world() })
        .register(Gift { world: world() })
        .register(Transport { world: world() })
        .register(Move { world: world() })
}

/// An orchestrator of them all over `world`, to be built.
pub(crate) fn builder(store: Probe, world: &World) -> sagas::Builder {
    register(Orchestrator::builder(store), world)
}

/// An orchestrator of them all over `world`.
pub(crate) async fn open(store: Probe, world: &World) -> Orchestrator {
    builder(store, world).build().await.unwrap()
}
