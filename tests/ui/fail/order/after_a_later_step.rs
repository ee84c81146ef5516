//! A step waits for one that is declared later.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, after(look))]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, after())]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
