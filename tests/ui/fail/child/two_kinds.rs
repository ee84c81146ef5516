//! A child that is two things.

use sagas::{StepError, saga};

struct Shipping;

#[saga]
impl Shipping {
    #[step(pivot, idempotent)]
    async fn ship(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }
}

struct Flow;

#[saga]
impl Flow {
    #[step(child = Shipping, pivot, retriable)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}
