//! A condition that takes what a concurrent step returns.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, after(), when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, look: &u32) -> bool {
        *look > 10
    }
}

fn main() {}
