//! A policy on a method that is asked and not tried.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    #[policy(timeout = "5s")]
    fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }
}

fn main() {}
