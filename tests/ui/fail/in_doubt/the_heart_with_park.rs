//! Parking does not tell the output either.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund, in_doubt = park)]
    async fn pay(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }

    async fn refund(&self, input: &u32, _pay: &u32) -> Result<(), StepError> {
        let _ = input;
        Ok(())
    }
}

fn main() {}
