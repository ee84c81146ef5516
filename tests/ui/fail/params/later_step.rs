//! A step reads what comes later.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn ask(&self, quote: &u32) -> Result<u32, StepError> {
        Ok(*quote)
    }

    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
