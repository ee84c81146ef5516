//! A step waits for itself.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, after(quote))]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
