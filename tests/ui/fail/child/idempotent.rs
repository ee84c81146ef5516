//! A child that is said to be idempotent.

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
    #[step(child = Packing, idempotent)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}
