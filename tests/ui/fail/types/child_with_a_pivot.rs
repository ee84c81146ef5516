//! A child that cannot be compensated.

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
    #[step(child = Shipping)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}
