//! A check says whether it was done, not only what.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
