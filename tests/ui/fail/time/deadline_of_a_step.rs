//! A deadline on a step.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, deadline = "5m")]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
