//! A compensation that takes the output of its item, which a crash can lose.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = release, for_each = lines, output = reserved)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
    async fn release(&self, item: &u32, reserved: &u32) -> Result<(), StepError> {
        println!("{item} {reserved}");
        Ok(())
    }
}

fn main() {}
