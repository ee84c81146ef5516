//! A child with a compensation of its own.

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
    #[step(child = Packing, compensate = unpack)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
    async fn unpack(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
