//! A step that must succeed gives up.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent)]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, retry(attempts = 3))]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
