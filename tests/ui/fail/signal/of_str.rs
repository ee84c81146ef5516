//! A signal without a size of its own.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only)]
    async fn confirmed(&self, signal: &str) -> Result<u32, StepError> {
        Ok(signal.len() as u32)
    }
}

fn main() {}
