//! A parameter could be changed.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &mut u32) -> Result<u32, StepError> {
        Ok(*input)
    }
}

fn main() {}
