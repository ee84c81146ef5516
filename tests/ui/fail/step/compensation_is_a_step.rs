//! A step is the compensation of another.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = look)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
