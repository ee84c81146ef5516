//! A signal with a value.

use sagas::{StepError, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal = Confirmed, read_only)]
    async fn confirmed(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }
}

fn main() {}
