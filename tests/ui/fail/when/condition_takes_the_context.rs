//! A condition that takes the context of an attempt.

use sagas::{StepContext, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, cx: &StepContext, input: &u32) -> bool {
        *input > cx.attempt()
    }
}

fn main() {}
