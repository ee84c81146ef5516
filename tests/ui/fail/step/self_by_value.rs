//! A step takes the saga away.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
