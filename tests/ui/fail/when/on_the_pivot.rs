//! A pivot with a condition.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent, when = is_large)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }
}

fn main() {}
