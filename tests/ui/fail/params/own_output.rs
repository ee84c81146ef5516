//! A step reads what it returns.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, quote: &u32) -> Result<u32, StepError> {
        Ok(*quote)
    }
}

fn main() {}
