//! A step that always runs is taken as if it might not.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn quote(&self, look: Option<&u32>) -> Result<u32, StepError> {
        Ok(*look.unwrap_or(&0))
    }
}

fn main() {}
