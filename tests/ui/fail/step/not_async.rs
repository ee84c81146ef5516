//! A step is not async.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
