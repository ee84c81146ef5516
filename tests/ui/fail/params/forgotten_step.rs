//! A method looks like a step and is none.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn charge(&self, input: &u32, quote: &u32) -> Result<u32, StepError> {
        Ok(input + quote)
    }
}

fn main() {}
