//! A step says nothing of what becomes of its effect.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
