//! How often and when something is tried: a key that is left out keeps the default of its kind.

#![deny(warnings)]

use std::time::Duration;

use sagas::__private::{RetryPolicy, StepDefinition};
use sagas::{Saga, StepError, saga};

#[derive(Debug)]
struct Flow;

#[saga]
impl Flow {
    #[step(compensate = take_back, idempotent, retry(attempts = 4, initial = "50ms"))]
    async fn reserve(&self) -> Result<(), StepError> {
        Ok(())
    }
    async fn take_back(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(pivot, idempotent, retry(attempts = 10, initial = "1s", factor = 3, jitter = false))]
    async fn pay(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only)]
    async fn look(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(read_only, retry(max = "5m"))]
    async fn look_again(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(retriable, idempotent, retry(initial = "1s"))]
    async fn thank(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Debug)]
struct Silent;

#[saga]
impl Silent {
    #[step(pivot, idempotent)]
    async fn pay(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Debug)]
struct Limited;

#[saga]
impl Limited {
    #[step(pivot, idempotent, retry(attempts = 3))]
    async fn pay(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {
    let second = Duration::from_secs(1);
    let [reserve, pay, look, look_again, thank] = steps::<Flow>().try_into().expect("it has five steps");
    assert_eq!(reserve.retry, RetryPolicy::FORWARD.attempts(4).initial(Duration::from_millis(50)));
    let compensation = reserve.compensation.expect("it has one");
    assert_eq!(compensation.retry, RetryPolicy::PERSISTENT);

    let before = RetryPolicy::FORWARD.initial(second).factor(3.0).jitter(false);
    assert_eq!(pay.retry, before);
    let in_doubt = RetryPolicy::PERSISTENT.initial(second).factor(3.0).jitter(false);
    assert_eq!(pay.retry_in_doubt, in_doubt);

    assert_eq!(look.retry, RetryPolicy::PERSISTENT, "it runs after the pivot");
    assert_eq!(look_again.retry, RetryPolicy::PERSISTENT.max(Duration::from_secs(300)));
    assert_eq!(thank.retry, RetryPolicy::PERSISTENT.initial(second));

    let [silent] = steps::<Silent>().try_into().expect("it has one step");
    assert_eq!((silent.retry, silent.retry_in_doubt), (RetryPolicy::FORWARD, RetryPolicy::PERSISTENT));
    let [limited] = steps::<Limited>().try_into().expect("it has one step");
    assert_eq!(limited.retry, RetryPolicy::FORWARD.attempts(3));
    assert_eq!(limited.retry_in_doubt, RetryPolicy::PERSISTENT, "nobody compensates around it");
}

fn steps<S: Saga>() -> Vec<StepDefinition> {
    S::definition().steps().map(|(_, step)| step.clone()).collect()
}
