//! An output has a lifetime.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<std::borrow::Cow<'_, str>, StepError> {
        Ok("1".into())
    }
}

fn main() {}
