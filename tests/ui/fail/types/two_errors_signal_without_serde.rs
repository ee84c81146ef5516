//! A signal that cannot be serialized.

use sagas::{StepError, saga};

struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only)]
    async fn confirmed(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }
}

fn main() {}
