//! A parameter's type is left open.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &impl Sync) -> Result<u32, StepError> {
        let _ = input;
        Ok(1)
    }
}

fn main() {}
