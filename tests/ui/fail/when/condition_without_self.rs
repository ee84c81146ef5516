//! A condition that does not take `&self`.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(input: &u32) -> bool {
        *input > 10
    }
}

fn main() {}
