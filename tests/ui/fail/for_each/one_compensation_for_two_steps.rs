//! A compensation of two steps that takes an item: of which step would it be?

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = release, for_each = lines)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
    async fn release(&self, item: &u32) -> Result<(), StepError> {
        println!("{item}");
        Ok(())
    }

    #[step(compensate = release, for_each = lines)]
    async fn pack(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
}

fn main() {}
