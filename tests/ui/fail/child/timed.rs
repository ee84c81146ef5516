//! A child with a time for one attempt.

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
    #[step(child = Packing, timeout = "5s")]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}
