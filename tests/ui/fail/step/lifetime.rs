//! A step names a lifetime.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote<'a>(&'a self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
