//! A step that takes an item and does not fan out.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
}

fn main() {}
