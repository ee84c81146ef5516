//! A method that takes an item, and that nobody calls.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
}

fn main() {}
