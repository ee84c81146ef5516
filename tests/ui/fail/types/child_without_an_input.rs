//! A child that is started with nothing.

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
    #[step(child = Packing)]
    fn pack(&self) {}
}

fn main() {}
