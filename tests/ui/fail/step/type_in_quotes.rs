//! A child is named by its type.

use sagas::{StepError, saga};

struct Shipping;

#[saga]
impl Shipping {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

struct Flow;

#[saga]
impl Flow {
    #[step(child = "Shipping")]
    fn ship(&self) {}
}

fn main() {}
