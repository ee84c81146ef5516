//! A saga with a child, and nowhere to keep it.

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
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

async fn run() {
    let _ = sagas::inline::run(&Flow, 1).await;
}

fn main() {}
