//! What to do in doubt is spelled wrong.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(pivot, in_doubt = retry)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
