//! A name cannot stand in the journal.

use sagas::{StepError, saga};

struct Flow;

#[saga(name = "Order Flow")]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
