//! An error type does not say whether something was done.

use sagas::saga;

#[derive(Debug)]
struct PayError;

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, PayError> {
        Err(PayError)
    }

    async fn refund(&self) -> Result<(), PayError> {
        Err(PayError)
    }

    #[step(read_only)]
    async fn look(&self) -> Result<u32, PayError> {
        Err(PayError)
    }
}

fn main() {}
