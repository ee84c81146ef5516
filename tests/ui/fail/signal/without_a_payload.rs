//! A step that waits for it does not say what.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only)]
    async fn confirmed(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
