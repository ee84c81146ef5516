//! A compensation that takes the output of a conditional step as if it were always there.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only, when = is_large)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }

    #[step(compensate = take_back)]
    async fn ship(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn take_back(&self, wrap: &u32) -> Result<(), StepError> {
        println!("{wrap}");
        Ok(())
    }
}

fn main() {}
