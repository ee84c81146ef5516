//! A comma is missing between two keys.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only timeout = "1s")]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
