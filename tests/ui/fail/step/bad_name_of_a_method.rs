//! The method's name cannot stand in the journal.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn processPayment(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
