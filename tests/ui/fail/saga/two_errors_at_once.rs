//! All mistakes that tokens show are reported at once.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, timeout = 5)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, retry(attempts = 0))]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
