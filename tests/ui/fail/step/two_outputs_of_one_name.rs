//! Two steps have one output name.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = price)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, output = price)]
    async fn ask(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
