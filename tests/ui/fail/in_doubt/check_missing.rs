//! The check is spelled wrong.

use sagas::{Checked, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find_pay))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find_pai(&self) -> Result<Checked<u32>, StepError> {
        Ok(Checked::Unknown)
    }
}

fn main() {}
