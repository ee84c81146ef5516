//! A step that takes one output of a conditional fan-out.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = reserved, when = is_long, for_each = lines)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn is_long(&self, input: &Vec<u32>) -> bool {
        input.len() > 10
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }

    #[step(read_only)]
    async fn ship(&self, reserved: Option<&u32>) -> Result<u32, StepError> {
        Ok(reserved.copied().unwrap_or_default())
    }
}

fn main() {}
