//! A promise with an unknown key.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent(withn = "1h"))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
