//! Sagas that wait for messages.

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::probe::Probe;
use crate::support::world::World;

/// Somebody approves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Approved {
    pub(crate) by: u32,
}

/// Somebody signs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) page: u32,
}

/// Somebody says that it has arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Arrived;

/// `apply`, then `approved` within three days, then `signed` whenever that is, then `pay`.
#[derive(Debug, Clone)]
pub(crate) struct Loan {
    pub(crate) world: World,
}

#[saga(name = "loan")]
impl Loan {
    #[step(compensate = withdraw, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn apply(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        let _ = input;
        self.world.forward(cx).await
    }
    async fn withdraw(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(signal, within = "3d", output = approval, compensate = disapprove, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn approved(&self, cx: &StepContext, signal: &Approved) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(signal.by)
    }
    async fn disapprove(&self, cx: &StepContext, signal: &Approved, approval: &u32) -> Result<(), StepError> {
        assert_eq!(signal.by, *approval, "the message that was approved by");
        self.world.compensate(cx).await
    }

    #[step(signal, output = signature, compensate = unsign, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn signed(&self, cx: &StepContext, signal: &Signed, approval: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(signal.page * 1_000 + approval)
    }
    async fn unsign(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = take_back, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn pay(&self, cx: &StepContext, signature: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(*signature)
    }
    async fn take_back(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// `send`, its pivot, then `arrived` within a day.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) world: World,
}

#[saga(name = "parcel")]
impl Parcel {
    #[step(pivot, idempotent)]
    async fn send(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }

    #[step(signal, within = "1d", retriable, idempotent)]
    async fn arrived(&self, cx: &StepContext, signal: &Arrived) -> Result<u32, StepError> {
        let Arrived = signal;
        self.world.forward(cx).await
    }
}

/// `approved` and `signed` at once, in any order.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    pub(crate) world: World,
}

#[saga(name = "contract")]
impl Contract {
    #[step(signal, compensate = disapprove, idempotent, after())]
    async fn approved(&self, cx: &StepContext, signal: &Approved) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(signal.by)
    }
    async fn disapprove(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(signal, compensate = unsign, idempotent, after())]
    async fn signed(&self, cx: &StepContext, signal: &Signed) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(signal.page)
    }
    async fn unsign(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = unfile, idempotent)]
    async fn file(&self, cx: &StepContext, approved: &u32, signed: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(signed * 1_000 + approved)
    }
    async fn unfile(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// A [`Loan`], then `build`.
#[derive(Debug, Clone)]
pub(crate) struct House {
    pub(crate) world: World,
}

#[saga(name = "house")]
impl House {
    #[step(child = Loan)]
    fn loan(&self) -> u32 {
        100_000
    }

    #[step(compensate = tear_down, idempotent)]
    async fn build(&self, cx: &StepContext, loan: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await?;
        Ok(*loan)
    }
    async fn tear_down(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// Lets `builder` drive them over `world`.
pub(crate) fn register(builder: sagas::Builder, world: &World) -> sagas::Builder {
    let world = || world.clone();
    builder
        .register(Loan { world: world() })
        .register(Parcel { world: world() })
        .register(Contract { world: world() })
        .register(House { world: world() })
}

/// An orchestrator of them all over `world`, to be built.
pub(crate) fn builder(store: Probe, world: &World) -> sagas::Builder {
    register(Orchestrator::builder(store), world)
}

/// An orchestrator of them all over `world`.
pub(crate) async fn open(store: Probe, world: &World) -> Orchestrator {
    builder(store, world).build().await.unwrap()
}

pub(crate) const APPROVED: Approved = Approved { by: 7 };
pub(crate) const SIGNED: Signed = Signed { page: 3 };

/// Sends a loan both its messages.
pub(crate) async fn grant(loan: &Handle<Loan>) {
    loan.signal("approval", APPROVED).await.unwrap();
    loan.signal("signature", SIGNED).await.unwrap();
}

/// How often a test asks how a step stands before it gives up. Where time is simulated none passes meanwhile.
const ASKS_MAX: usize = 100_000;

/// Waits until the step at `index` of `handle` stands like this.
pub(crate) async fn stands<S: Saga>(handle: &Handle<S>, index: usize, state: sagas::StepState) {
    for _ in 0..ASKS_MAX {
        if handle.status().await.unwrap().steps[index].state == state {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{}: {:?}", handle.id(), handle.status().await);
}
