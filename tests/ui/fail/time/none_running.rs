//! No attempts at once.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, max_running = 0)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
