//! A saga borrows its services.

use sagas::{Saga, StepError, saga};

struct Payments;

struct Flow<'a> {
    payments: &'a Payments,
}

#[saga]
impl<'a> Flow<'a> {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        let _ = self.payments;
        Ok(1)
    }
}

fn is_saga<S: Saga>() {}

fn main() {
    is_saga::<Flow<'static>>();
}
