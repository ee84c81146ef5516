//! A step before the pivot cannot fail.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(retriable, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(pivot, idempotent)]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
