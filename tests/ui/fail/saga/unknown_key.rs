//! A key is spelled wrong.

use sagas::{StepError, saga};

struct Flow;

#[saga(nam = "flow")]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
