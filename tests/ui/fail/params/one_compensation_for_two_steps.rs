//! A compensation of two steps takes an output.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(compensate = refund, idempotent)]
    async fn pay_more(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self, pay: &u32) -> Result<(), StepError> {
        let _ = pay;
        Ok(())
    }
}

fn main() {}
