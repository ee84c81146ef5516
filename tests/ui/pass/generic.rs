//! A generic saga: type parameters with bounds and a where clause, a const parameter, one fake per test.

#![deny(warnings)]

use std::fmt::Debug;
use std::future::Future;

use sagas::{Saga, StepError, saga};

trait Gateway: Send + Sync + 'static {
    fn charge(&self, cents: u64) -> impl Future<Output = Result<u64, StepError>> + Send;
}

#[derive(Debug)]
struct Fake;

impl Gateway for Fake {
    async fn charge(&self, cents: u64) -> Result<u64, StepError> {
        Ok(cents)
    }
}

#[derive(Debug)]
struct OrderFlow<P, L, const LIMIT: u64> {
    payments: P,
    log: L,
}

#[saga]
impl<P: Gateway, L, const LIMIT: u64> OrderFlow<P, L, LIMIT>
where
    L: Debug + Send + Sync + 'static,
{
    #[step(compensate = Self_refund)]
    async fn charge(&self, input: &u64) -> Result<u64, StepError> {
        self.payments.charge((*input).min(LIMIT)).await
    }

    #[expect(non_snake_case, reason = "any name will do")]
    async fn Self_refund(&self, charge: Option<&u64>) -> Result<(), StepError> {
        let _ = (charge, &self.log);
        Ok(())
    }
}

fn main() {
    let flow = OrderFlow::<_, _, 5> { payments: Fake, log: "log" };
    let _ = &flow;
    assert_eq!(name(&flow), "order-flow");
    assert_eq!(OrderFlowStep::ALL, [OrderFlowStep::Charge]);
}

fn name<S: Saga<Input = u64, Output = u64, Step = OrderFlowStep>>(_: &S) -> String {
    S::definition().name().to_string()
}
