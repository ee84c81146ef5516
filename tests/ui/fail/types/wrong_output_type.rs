//! A parameter has another type than the output it is named after.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn order(&self, quote: &u64) -> Result<u64, StepError> {
        Ok(*quote)
    }
}

fn main() {}
