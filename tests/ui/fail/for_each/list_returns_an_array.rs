//! A list that returns an array.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = reserved, for_each = lines)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self) -> [u32; 2] {
        [1, 2]
    }
}

fn main() {}
