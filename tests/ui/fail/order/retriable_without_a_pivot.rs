//! There is no pivot to run after.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(retriable, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
