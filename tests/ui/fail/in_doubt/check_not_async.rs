//! A check is not async.

use sagas::{Checked, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    fn find(&self) -> Result<Checked<u32>, StepError> {
        Ok(Checked::Unknown)
    }
}

fn main() {}
