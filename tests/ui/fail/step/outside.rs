//! `#[step]` stands outside of `#[saga]`.

use sagas::{StepError, step};

struct Flow;

impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
