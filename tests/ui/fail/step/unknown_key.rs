//! A key is spelled wrong.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensat = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
