//! Two steps are one variant.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn ask_price(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn ask__price(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
