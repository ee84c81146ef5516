//! A check finds another type than its step returns.

use sagas::{Checked, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find(&self) -> Result<Checked<u64>, StepError> {
        Ok(Checked::Unknown)
    }
}

fn main() {}
