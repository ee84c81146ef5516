//! An item that cannot be serialized.

use sagas::{StepError, saga};

struct Line(u32);

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, for_each = lines)]
    async fn reserve(&self, item: &Line) -> Result<u32, StepError> {
        Ok(item.0)
    }
    fn lines(&self, input: &u32) -> Vec<Line> {
        vec![Line(*input)]
    }
}

fn main() {}
