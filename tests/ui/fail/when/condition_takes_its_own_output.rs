//! A condition that takes what its step returns.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, wrap: &u32) -> bool {
        *wrap > 10
    }
}

fn main() {}
