//! A step is unsafe.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async unsafe fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
