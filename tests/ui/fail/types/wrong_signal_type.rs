//! A compensation that takes another signal than its step.

use sagas::{StepError, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Confirmed(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(signal, compensate = take_back)]
    async fn confirmed(&self, signal: &Confirmed) -> Result<u32, StepError> {
        Ok(signal.0)
    }
    async fn take_back(&self, signal: &u64) -> Result<(), StepError> {
        println!("{signal}");
        Ok(())
    }
}

fn main() {}
