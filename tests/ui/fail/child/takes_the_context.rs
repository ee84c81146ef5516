//! The method of a child takes the context of an attempt.

use sagas::{StepContext, StepError, saga};

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
    fn pack(&self, cx: &StepContext, input: &u32) -> u32 {
        *input + cx.attempt()
    }
}

fn main() {}
