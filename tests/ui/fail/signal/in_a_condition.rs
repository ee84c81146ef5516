//! A condition that takes a signal, which has not come when it is asked.

use sagas::{StepError, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only, when = is_large)]
    async fn confirmed(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }
    fn is_large(&self, signal: &Confirmed) -> bool {
        signal.0 > 10
    }
}

fn main() {}
