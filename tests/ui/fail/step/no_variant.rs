//! A method's name makes no variant.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn self_(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
