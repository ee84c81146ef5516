//! A condition that is not named.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
