//! `cx` is not a `StepContext`.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self, cx: &u32) -> Result<u32, StepError> {
        Ok(*cx)
    }
}

fn main() {}
