//! The input has no size.

use sagas::{StepError, saga};

struct Flow;

#[saga(input = str)]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
