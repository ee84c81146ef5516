//! A saga with every kind of step and every rule for doubt.

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use super::world::World;

/// What an order is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    #[serde(default)]
    pub(crate) note: String,
}

/// An order with this number.
pub(crate) fn order(number: u32) -> Order {
    Order { number, note: String::new() }
}

/// The order flow.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) world: World,
}

#[saga(name = "shop")]
impl Shop {
    #[step(compensate = cancel_order, idempotent, retry(attempts = 3, initial = "10ms"), timeout = "5s")]
    async fn create_order(&self, cx: &StepContext, input: &Order) -> Result<u32, StepError> {
        assert!(input.number < 1_000_000, "the order number is out of range");
        self.world.forward(cx).await
    }
    async fn cancel_order(&self, cx: &StepContext, create_order: Option<&u32>) -> Result<(), StepError> {
        let _ = create_order;
        self.world.compensate(cx).await
    }

    #[step(output = reservation, compensate = release, idempotent, retry(attempts = 3, initial = "10ms"), timeout = "5s")]
    async fn reserve(&self, cx: &StepContext, create_order: &u32) -> Result<u32, StepError> {
        assert!(*create_order > 0, "the output of the step before");
        self.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms", max = "100ms"))]
    async fn release(&self, cx: &StepContext, reservation: &u32, failure: &Failure) -> Result<(), StepError> {
        assert!(*reservation > 0 && !failure.message.is_empty(), "what the compensation is told");
        self.world.compensate(cx).await
    }

    #[step(compensate = refund, in_doubt = check(find_payment, after = "20ms"), retry(attempts = 2, initial = "10ms"), timeout = "5s")]
    async fn pay(&self, cx: &StepContext, input: &Order, reservation: &u32) -> Result<u32, StepError> {
        let _ = (input, reservation);
        self.world.forward(cx).await
    }
    #[policy(retry(attempts = 4, initial = "10ms"))]
    async fn find_payment(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.world.check(cx).await
    }
    #[policy(retry(attempts = 4, initial = "10ms"))]
    async fn refund(&self, cx: &StepContext, pay: Option<&u32>) -> Result<(), StepError> {
        let _ = pay;
        self.world.compensate(cx).await
    }

    #[step(pivot, idempotent, retry(attempts = 3, initial = "10ms", max = "100ms"), timeout = "5s")]
    async fn ship(&self, cx: &StepContext, reservation: &u32, pay: &u32) -> Result<u32, StepError> {
        let _ = (reservation, pay);
        self.world.forward(cx).await
    }

    #[step(retriable, idempotent, retry(initial = "10ms", max = "100ms"), timeout = "5s")]
    async fn notify(&self, cx: &StepContext, ship: &u32) -> Result<String, StepError> {
        let number = self.world.forward(cx).await?;
        Ok(format!("shipment {ship} as {number}"))
    }
}
