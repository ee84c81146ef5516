//! A deadline at once.

use sagas::{StepError, saga};

struct Flow;

#[saga(deadline = "0m")]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
