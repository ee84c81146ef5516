//! A fan-out that waits for a signal.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, for_each = lines, signal)]
    async fn pay(&self, item: &u32, signal: &String) -> Result<u32, StepError> {
        Ok(*item + signal.len() as u32)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
}

fn main() {}
