//! A saga with a mistake is used; the mistake is the only one.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(compensat = refund)]
    async fn quote(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }

    async fn refund(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn is_saga<S: sagas::Saga<Input = u32, Output = u32>>() {}

fn main() {
    is_saga::<Flow>();
    let _ = FlowStep::Quote.name();
    let _ = FlowStep::ALL;
}
