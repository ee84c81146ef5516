//! A saga borrows its services for a time that has no name.

use sagas::{Saga, StepError, saga};

struct Payments;

struct Flow<P> {
    payments: P,
}

#[saga]
impl Flow<&Payments> {
    #[step(read_only)]
    async fn quote(&self) -> Result<u32, StepError> {
        let _ = self.payments;
        Ok(1)
    }
}

fn is_saga<S: Saga>() {}

fn main() {
    is_saga::<Flow<&'static Payments>>();
}
