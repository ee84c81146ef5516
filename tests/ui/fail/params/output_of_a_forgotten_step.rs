//! A step reads what a method returns that is no step.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn charge(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }

    #[step(read_only)]
    async fn book(&self, charge: &u32) -> Result<u32, StepError> {
        Ok(*charge)
    }
}

fn main() {}
