//! An output is spelled wrong.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = price)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn ask(&self, prise: &u32) -> Result<u32, StepError> {
        Ok(*prise)
    }
}

fn main() {}
