//! A parameter is a pattern.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, (a, b): &(u32, u32)) -> Result<u32, StepError> {
        Ok(a + b)
    }
}

fn main() {}
