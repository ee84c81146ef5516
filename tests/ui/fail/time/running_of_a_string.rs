//! A limit of attempts that is a string.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, max_running = "50")]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
