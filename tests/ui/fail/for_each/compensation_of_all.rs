//! A compensation that takes all outputs of its step.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = release, for_each = lines, output = reserved, idempotent)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
    async fn release(&self, _reserved: &[u32]) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
