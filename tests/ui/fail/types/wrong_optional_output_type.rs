//! A compensation takes another type than its step returns.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = refund)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn refund(&self, pay: Option<&u64>) -> Result<(), StepError> {
        let _ = pay;
        Ok(())
    }
}

fn main() {}
