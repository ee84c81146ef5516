//! A step does not take the saga.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote() -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
