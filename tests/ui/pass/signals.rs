//! Steps that wait for a message.

#![deny(warnings)]

use sagas::prelude::*;
use sagas::Receives;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct PaymentConfirmed {
    reference: u64,
}

#[derive(Serialize, Deserialize)]
struct Approved<T>(T);

struct Checkout<T> {
    approvals: T,
}

#[saga(deadline = "30d")]
impl<T: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static> Checkout<T> {
    #[step(read_only)]
    async fn quote(&self, input: &u32) -> Result<u64, StepError> {
        Ok(u64::from(*input))
    }

    #[step(
        signal,
        within = "3d",
        compensate = pay_back,
        in_doubt = check(find),
        output = payment
    )]
    async fn payment_confirmed(&self, signal: &PaymentConfirmed, quote: &u64) -> Result<u64, StepError> {
        Ok(signal.reference + quote)
    }
    async fn find(&self, signal: &PaymentConfirmed) -> Result<Checked<u64>, StepError> {
        Ok(Checked::Done(signal.reference))
    }
    async fn pay_back(&self, payment: &u64, signal: &PaymentConfirmed) -> Result<(), StepError> {
        let _ = (payment, signal);
        Ok(())
    }

    // It waits beside the payment, for as long as it takes, and only where somebody must approve.
    #[step(signal, read_only, after(quote), when = is_large, delay = "1h")]
    async fn approved(&self, signal: &Approved<T>) -> Result<T, StepError> {
        let _ = &self.approvals;
        Ok(signal.0.clone())
    }
    fn is_large(&self, quote: &u64) -> bool {
        *quote > 1_000
    }

    #[step(read_only)]
    async fn done(&self, payment: &u64, approved: Option<&T>) -> Result<u64, StepError> {
        let _ = approved;
        Ok(*payment)
    }
}

fn receives<S: Receives<P>, P>() -> usize {
    S::STEP
}

fn main() {
    assert_eq!(receives::<Checkout<String>, PaymentConfirmed>(), 1);
    assert_eq!(receives::<Checkout<String>, Approved<String>>(), 2);
    let definition = Checkout::<String>::definition();
    let waits: Vec<_> = definition.steps().map(|(_, step)| step.signal.map(|signal| signal.within)).collect();
    let three_days = std::time::Duration::from_secs(259_200);
    assert_eq!(waits, [None, Some(Some(three_days)), Some(None), None]);
}
