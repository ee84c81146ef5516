//! Two steps have one name in the journal.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only, name = "quote")]
    async fn ask(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
