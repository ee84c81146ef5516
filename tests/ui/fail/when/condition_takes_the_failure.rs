//! A condition that takes a failure.

use sagas::{Failure, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, failure: &Failure) -> bool {
        failure.attempts > 10
    }
}

fn main() {}
