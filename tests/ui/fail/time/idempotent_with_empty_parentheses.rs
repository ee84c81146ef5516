//! A promise with empty parentheses.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent())]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
