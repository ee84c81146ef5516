//! An item that is taken as if it were not always there.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = reserved, for_each = lines)]
    async fn reserve(&self, item: Option<&u32>) -> Result<u32, StepError> {
        Ok(item.copied().unwrap_or_default())
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
}

fn main() {}
