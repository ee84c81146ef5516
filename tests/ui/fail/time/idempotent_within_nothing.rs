//! A promise that ends at once.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent(within = "0s"))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
