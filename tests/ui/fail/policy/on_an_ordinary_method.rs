//! Nothing calls what has a policy.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[policy(timeout = "1s")]
    async fn charge(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
