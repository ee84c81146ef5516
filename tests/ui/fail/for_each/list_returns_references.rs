//! A list of borrowed items.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, for_each = names)]
    async fn greet(&self, item: &str) -> Result<u32, StepError> {
        Ok(item.len() as u32)
    }
    fn names(&self) -> Vec<&'static str> {
        vec!["Ada"]
    }
}

fn main() {}
