//! A list that takes what its step returns.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = reserved, for_each = lines)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, reserved: &[u32]) -> Vec<u32> {
        reserved.to_vec()
    }
}

fn main() {}
