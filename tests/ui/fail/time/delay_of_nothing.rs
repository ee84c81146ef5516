//! A delay of no time.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, delay = "0s")]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
