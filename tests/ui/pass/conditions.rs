//! Steps that run only if a method says so.

#![deny(warnings)]

use sagas::prelude::*;

struct Gift;

#[saga(input = u32)]
impl Gift {
    #[step(compensate = cancel, idempotent)]
    async fn order(&self, input: &u32) -> Result<u64, StepError> {
        Ok(u64::from(*input))
    }
    async fn cancel(&self, order: &u64) -> Result<(), StepError> {
        let _ = order;
        Ok(())
    }

    // The compensation of a step that ran has its output, condition or not.
    #[step(output = paper, compensate = unwrap, idempotent, when = is_large)]
    async fn wrap(&self, input: &u32) -> Result<String, StepError> {
        Ok(format!("paper for {input}"))
    }
    async fn unwrap(&self, paper: &String, failure: &Failure) -> Result<(), StepError> {
        let _ = (paper, failure);
        Ok(())
    }
    fn is_large(&self, input: &u32, order: &u64) -> bool {
        u64::from(*input) == *order && *input > 10
    }

    // A condition reads what may have been skipped, and one condition may stand for several steps.
    #[step(read_only, when = is_wrapped)]
    async fn weigh(&self, paper: Option<&String>) -> Result<usize, StepError> {
        Ok(paper.map_or(0, String::len))
    }
    fn is_wrapped(&self, paper: Option<&String>) -> bool {
        paper.is_some()
    }

    #[step(pivot, idempotent)]
    async fn ship(&self, order: &u64, paper: Option<&String>, weigh: Option<&usize>) -> Result<u64, StepError> {
        let _ = (paper, weigh);
        Ok(*order)
    }

    #[step(retriable, idempotent, when = is_wrapped)]
    async fn thank(&self) -> Result<String, StepError> {
        Ok("thank you".to_owned())
    }
}

/// The output of a conditional step is optional.
struct Maybe;

#[saga(output = look)]
impl Maybe {
    #[step(read_only, when = never)]
    async fn look(&self) -> Result<u8, StepError> {
        Ok(1)
    }
    fn never(&self) -> bool {
        false
    }
}

fn is_output<S: Saga<Output = T>, T>() {}

fn main() {
    is_output::<Gift, Option<String>>();
    is_output::<Maybe, Option<u8>>();
    assert!(Gift::graph().to_mermaid().contains("wrap"));
}
