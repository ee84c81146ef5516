//! The input cannot be kept in the journal; serde's two traits make two errors.

use sagas::{StepError, saga};

struct PlaceOrder;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, input: &PlaceOrder) -> Result<u32, StepError> {
        let _ = input;
        Ok(1)
    }
}

fn main() {}
