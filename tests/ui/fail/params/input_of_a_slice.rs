//! The input has no size.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &[u32]) -> Result<u32, StepError> {
        Ok(input.iter().sum())
    }
}

fn main() {}
