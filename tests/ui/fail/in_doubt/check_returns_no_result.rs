//! A check returns no `Result`.

use sagas::{Checked, StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = check(find))]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    async fn find(&self) -> Checked<u32> {
        Checked::Unknown
    }
}

fn main() {}
