//! A check takes what it is to find out.

use sagas::{Checked, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find(&self, pay: &u32) -> Result<Checked<u32>, StepError> {
        Ok(Checked::Done(*pay))
    }
}

fn main() {}
