//! A condition that takes the output of a conditional step as if it were always there.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }

    #[step(read_only, when = is_wrapped)]
    async fn weigh(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_wrapped(&self, wrap: &u32) -> bool {
        *wrap > 10
    }
}

fn main() {}
