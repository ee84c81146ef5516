//! A compensation reads a step that runs beside its own.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(compensate = refund, after())]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self, look: &u32) -> Result<(), StepError> {
        let _ = look;
        Ok(())
    }
}

fn main() {}
