//! The type's name cannot stand in the journal.

use sagas::{StepError, saga};

struct Übergabe;

#[saga]
impl Übergabe {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
