//! A message that no step waits for.

use sagas::{Receives, StepError, saga};
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

    #[step(signal, read_only)]
    async fn approved(&self, signal: &bool) -> Result<u32, StepError> {
        Ok(u32::from(*signal))
    }
}

fn send<S: Receives<P>, P>(_: P) {}

fn main() {
    send::<Flow, _>(String::new());
}
