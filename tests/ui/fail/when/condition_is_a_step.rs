//! A condition that is a step.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, when = look)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
