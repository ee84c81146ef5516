//! An output can be written to the journal and not read back.

use sagas::{StepError, saga};
use serde::Serialize;

#[derive(Serialize)]
struct Quote;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<Quote, StepError> {
        Ok(Quote)
    }
}

fn main() {}
