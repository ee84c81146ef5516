//! A compensation of two steps that takes a signal: of which step would it be?

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
    async fn take_back(&self, signal: &Confirmed) -> Result<(), StepError> {
        println!("{}", signal.0);
        Ok(())
    }

    #[step(compensate = take_back)]
    async fn ship(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
