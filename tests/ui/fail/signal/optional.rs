//! A signal that is taken as if it were not always there.

use sagas::{StepError, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal, read_only)]
    async fn confirmed(&self, signal: Option<&Confirmed>) -> Result<u32, StepError> {
        Ok(signal.map_or(0, |signal| signal.0))
    }
}

fn main() {}
