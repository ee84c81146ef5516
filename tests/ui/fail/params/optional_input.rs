//! The input is always there.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: Option<&u32>) -> Result<u32, StepError> {
        Ok(*input.unwrap_or(&0))
    }
}

fn main() {}
