//! A step takes the saga for itself.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&mut self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
