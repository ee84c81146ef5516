//! A delay without a unit.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, delay = 30)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
