//! A check names nothing.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
