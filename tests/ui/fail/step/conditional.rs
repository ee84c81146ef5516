//! A step is one only under a condition.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[cfg_attr(all(), inline, step(compensate = forget, idempotent))]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[cfg_attr(all(), expect(unused_variables, reason = "other attributes may be"))]
    async fn forget(&self, quote: &u32) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
