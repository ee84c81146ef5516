//! A fan-out of children.

use sagas::{StepError, saga};

struct Packing;

#[saga]
impl Packing {
    #[step(read_only)]
    async fn pack(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }
}

struct Flow;

#[saga]
impl Flow {
    #[step(child = Packing, for_each = lines)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
    fn lines(&self) -> Vec<u32> {
        vec![1, 2]
    }
}

fn main() {}
