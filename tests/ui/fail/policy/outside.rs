//! `#[policy]` stands outside of `#[saga]`.

use sagas::{StepError, policy};

struct Flow;

impl Flow {
    #[policy(timeout = "1s")]
    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
