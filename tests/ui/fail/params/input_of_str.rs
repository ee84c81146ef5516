//! The input has no size.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &str) -> Result<u32, StepError> {
        Ok(u32::from(input.is_empty()))
    }
}

fn main() {}
