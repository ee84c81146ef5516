//! An optional output is taken by value.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self, pay: Option<u32>) -> Result<(), StepError> {
        let _ = pay;
        Ok(())
    }
}

fn main() {}
