//! Nothing is tried that the saga does not have to cope with: services that give no more than it asks of them pass.

use std::sync::{Arc, Mutex};

use sagas::prelude::*;
use sagas::testing::explore;
use serde::{Deserialize, Serialize};

/// A bank that remembers no keys: every call is a charge, and a refund takes back what it finds.
#[derive(Debug, Clone, Default)]
struct Bank {
    charges: Arc<Mutex<Vec<String>>>,
}

impl Bank {
    fn charge(&self, cx: &StepContext) -> u32 {
        let mut charges = self.charges.lock().unwrap();
        charges.push(cx.step_key().to_owned());
        u32::try_from(charges.len()).unwrap()
    }

    fn find(&self, cx: &StepContext) -> Checked<u32> {
        match self.count(cx.step_key()) {
            // It does not close the key: the saga says how long a call may travel.
            0 => Checked::NotDone,
            found => Checked::Done(found),
        }
    }

    fn refund(&self, cx: &StepContext) {
        self.charges.lock().unwrap().retain(|key| key != cx.step_key());
    }

    fn count(&self, key: &str) -> u32 {
        u32::try_from(self.charges.lock().unwrap().iter().filter(|charged| *charged == key).count()).unwrap()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum PayOut {
    Wanted,
    Refused,
}

struct Billing {
    bank: Bank,
}

#[saga]
impl Billing {
    #[step(compensate = refund, in_doubt = check(find, after = "10s"))]
    async fn charge(&self, cx: &StepContext) -> Result<u32, StepError> {
        Ok(self.bank.charge(cx))
    }
    async fn find(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        Ok(self.bank.find(cx))
    }
    // Two failures in a row would park it.
    #[policy(retry(attempts = 2))]
    async fn refund(&self, cx: &StepContext, charge: &u32) -> Result<(), StepError> {
        assert!(*charge > 0);
        self.bank.refund(cx);
        Ok(())
    }

    #[step(pivot, in_doubt = park)]
    async fn pay_out(&self, cx: &StepContext, input: &PayOut) -> Result<u32, StepError> {
        if *input == PayOut::Refused {
            return Err(StepError::rejected("to nobody"));
        }
        Ok(self.bank.charge(cx))
    }

    #[step(retriable, idempotent)]
    async fn tell(&self) -> Result<(), StepError> {
        Ok(())
    }
}

fn billing() -> (Billing, Bank) {
    let bank = Bank::default();
    (Billing { bank: bank.clone() }, bank)
}

#[tokio::test]
async fn a_service_is_asked_for_no_more_than_the_saga_says() {
    let mut parked = 0;
    let check = |bank: &Bank, outcome: &Outcome<Billing>| {
        let (charged, paid_out) =
            (bank.count("billing/explored/charge"), bank.count("billing/explored/pay_out"));
        match outcome {
            Outcome::Completed(()) => assert_eq!((charged, paid_out), (1, 1)),
            Outcome::Compensated(_) => assert_eq!((charged, paid_out), (0, 0)),
            Outcome::Parked(at) => {
                assert_eq!((at.step, at.reason), (BillingStep::PayOut, ParkReason::InDoubt), "{at}");
                assert_eq!(charged, 1);
                parked += 1;
            }
        }
    };
    let found = explore(billing, PayOut::Wanted).check(check).run().await;
    assert_eq!(found.left_out, 0, "{found}");
    assert!(parked > 0, "the payout was never in doubt");
}

#[tokio::test]
async fn only_crashes_spend_the_attempts_of_a_compensation() {
    let check = |bank: &Bank, outcome: &Outcome<Billing>| match outcome {
        Outcome::Completed(()) => panic!("it was refused"),
        Outcome::Compensated(_) => assert_eq!(bank.count("billing/explored/charge"), 0),
        // What died with the process nobody can keep from dying.
        Outcome::Parked(at) => {
            assert!(at.step == BillingStep::Charge || at.reason == ParkReason::InDoubt, "{at}");
            assert!(at.step == BillingStep::PayOut || at.message.contains("the process died"), "{at}");
        }
    };
    let found = explore(billing, PayOut::Refused).check(check).run().await;
    assert_eq!(found.left_out, 0, "{found}");
}
