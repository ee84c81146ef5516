//! The output is spelled wrong.

use sagas::{StepError, saga};

struct Flow;

#[saga(output = prize)]
impl Flow {
    #[step(read_only, output = price)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
