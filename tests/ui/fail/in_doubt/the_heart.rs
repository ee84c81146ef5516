//! A compensation needs an output that a crash can lose.

use sagas::{StepContext, StepError, saga};

#[derive(serde::Serialize, serde::Deserialize)]
struct Payment;

struct Flow;

#[saga]
impl Flow {
    #[step(output = payment, compensate = refund_payment, retry(attempts = 4, initial = "50ms"))]
    async fn process_payment(&self, cx: &StepContext) -> Result<Payment, StepError> {
        let _ = cx;
        Ok(Payment)
    }

    async fn refund_payment(&self, payment: &Payment) -> Result<(), StepError> {
        let _ = payment;
        Ok(())
    }
}

fn main() {}
