//! A key needs a value.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
