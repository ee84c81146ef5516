//! A saga has two pivots.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent)]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(pivot, idempotent)]
    async fn decide_again(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
