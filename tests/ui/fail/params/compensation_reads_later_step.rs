//! A compensation reads a step that may not have run.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self, look: &u32) -> Result<(), StepError> {
        let _ = look;
        Ok(())
    }

    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
