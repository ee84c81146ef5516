//! A step after the pivot is to be compensated.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent)]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
