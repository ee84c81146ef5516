//! A saga that waits for a message, and has nowhere to wait.

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
}

async fn run() {
    let _ = sagas::inline::run(&Flow, ()).await;
}

fn main() {}
