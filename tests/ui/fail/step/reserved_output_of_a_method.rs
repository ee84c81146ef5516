//! A method's name means something else as an output.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn item(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
