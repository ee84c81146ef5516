//! The error type of a step is not in scope.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensate = forget, idempotent)]
    async fn quote(&self) -> Result<u32, QuoteEror> {
        Ok(1)
    }

    async fn forget(&self, quote: &u32) -> Result<(), StepError> {
        let _ = quote;
        Ok(())
    }
}

fn main() {}
