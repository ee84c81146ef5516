//! A step asks why it failed.

use sagas::{Failure, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, failure: &Failure) -> Result<u32, StepError> {
        Ok(failure.attempts)
    }
}

fn main() {}
