//! A child after the pivot that would have to be compensated.

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
    #[step(pivot, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(child = Packing)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}
