//! A step that takes the signal of an earlier one.

use sagas::{StepError, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only)]
    async fn confirmed(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }

    #[step(read_only)]
    async fn ship(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }
}

fn main() {}
