//! A saga is a sequence, forks where it is told to, and joins by itself.

#![deny(warnings)]

use sagas::{Saga, StepError, saga};

#[derive(Debug)]
struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn a(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only)]
    async fn b(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only, after(a))]
    async fn c(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only, after())]
    async fn d(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only)]
    async fn e(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {
    let definition = Flow::definition();
    let after: Vec<Vec<_>> =
        definition.steps().map(|(_, step)| step.after.iter().map(|index| index.get()).collect()).collect();
    assert_eq!(after, [vec![], vec![0], vec![0], vec![], vec![1, 2, 3]]);
}
