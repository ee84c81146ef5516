//! A step runs beside the pivot.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(pivot, idempotent, after())]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
