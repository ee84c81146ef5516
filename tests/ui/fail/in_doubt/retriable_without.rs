//! A retriable step does not say what doubt means.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent)]
    async fn decide(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(retriable)]
    async fn ship_order(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
