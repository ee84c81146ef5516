//! A step is two things at once.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, compensate = refund, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
