//! The error of a check does not say whether something was done.

use sagas::{Checked, StepError, saga};

#[derive(Debug)]
struct FindError;

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find(&self) -> Result<Checked<u32>, FindError> {
        Err(FindError)
    }
}

fn main() {}
