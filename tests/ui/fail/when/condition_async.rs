//! A condition that is async.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }
}

fn main() {}
