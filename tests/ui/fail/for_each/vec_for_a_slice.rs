//! A step that takes a `Vec` where there is a slice.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, output = reserved, for_each = lines)]
    async fn reserve(&self, item: &u32) -> Result<u32, StepError> {
        Ok(*item)
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }

    #[step(read_only)]
    async fn ship(&self, reserved: &Vec<u32>) -> Result<u32, StepError> {
        Ok(reserved.iter().sum())
    }
}

fn main() {}
