//! Two methods take the input as different types.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }

    #[step(read_only)]
    async fn order(&self, input: &u64) -> Result<u64, StepError> {
        Ok(*input)
    }
}

fn main() {}
