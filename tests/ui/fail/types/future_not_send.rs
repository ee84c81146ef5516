//! A step holds something over an await that cannot change threads.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn fine(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        let held = std::rc::Rc::new(1);
        std::future::ready(()).await;
        Ok(*held)
    }
}

fn main() {}
