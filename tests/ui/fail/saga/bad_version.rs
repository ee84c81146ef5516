//! There is no version 0.

use sagas::{StepError, saga};

struct Flow;

#[saga(version = 0)]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
