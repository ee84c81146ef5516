//! A pivot that fans out.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, idempotent, for_each = lines)]
    async fn pay(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
}

fn main() {}
