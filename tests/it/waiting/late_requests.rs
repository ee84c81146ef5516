//! A check with `after` asks only once no request can be travelling any more, whatever the wall clock says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sagas::StepState;
use sagas::prelude::*;
use tokio::time::Instant;

use super::{DAY, in_time};
use crate::support::clock::SetClock;
use crate::support::data::Data;

const AFTER: Duration = Duration::from_secs(600);

/// A payment whose answer is lost, at a service that has not seen the request yet.
#[derive(Debug)]
struct Payment {
    asked: Arc<AtomicU32>,
}

#[saga]
impl Payment {
    #[step(compensate = refund, in_doubt = check(find, after = "10m"))]
    async fn pay(&self) -> Result<(), StepError> {
        Err(StepError::in_doubt("no answer"))
    }
    async fn find(&self) -> Result<Checked<()>, StepError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Checked::NotDone)
    }
    async fn refund(&self, _pay: Option<&()>) -> Result<(), StepError> {
        Ok(())
    }
}

async fn open(data: &Data, clock: &SetClock, asked: &Arc<AtomicU32>) -> Orchestrator {
    Orchestrator::builder(data.open())
        .register(Payment { asked: Arc::clone(asked) })
        .clock(clock.clone())
        .build()
        .await
        .unwrap()
}

async fn begin(orchestrator: &Orchestrator) -> Handle<Payment> {
    let payment = orchestrator.start::<Payment>("payment", ()).await.unwrap();
    super::loan::stands(&payment, 0, StepState::InDoubt).await;
    payment
}

/// Nothing is asked for as long as a request that was sent at `since` may be travelling, and then it is.
async fn asks_in_time(orchestrator: &Orchestrator, asked: &AtomicU32, since: Instant) {
    tokio::time::sleep_until(since + AFTER - Duration::from_secs(5)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 0, "a request may still be travelling");
    let outcome = orchestrator.handle::<Payment>("payment").outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn i26_a_check_waits_for_requests_anew_when_the_clock_goes_ahead_between_two_lives() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (clock, asked) = (SetClock::new(), Arc::default());
        let first = open(&data, &clock, &asked).await;
        begin(&first).await;
        first.shutdown().await;
        clock.set(|now| now + DAY);
        let second = open(&data, &clock, &asked).await;
        asks_in_time(&second, &asked, Instant::now()).await;
        second.shutdown().await;
    }));
}

#[test]
fn i26_a_check_waits_for_requests_anew_when_the_clock_goes_ahead_in_one_life() {
    // By less than the lease, which the worker keeps; and by more, so that its stay is another one then.
    for ahead in [Duration::from_secs(15), DAY] {
        let data = Data::memory();
        data.runtime().block_on(in_time(async {
            let (clock, asked) = (SetClock::new(), Arc::default());
            let orchestrator = open(&data, &clock, &asked).await;
            let began = Instant::now();
            begin(&orchestrator).await;
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_secs(60)).await;
                clock.set(|now| now + ahead);
            }
            asks_in_time(&orchestrator, &asked, began).await;
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn a_check_that_waits_outside_memory_waits_once() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (clock, asked) = (SetClock::new(), Arc::default());
        let orchestrator = open(&data, &clock, &asked).await;
        let payment = begin(&orchestrator).await;
        let began = Instant::now();
        let outcome = payment.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
        assert!(began.elapsed() < AFTER + Duration::from_secs(60), "it waited more than once");
        orchestrator.shutdown().await;
    }));
}

/// A payment whose answer is lost, beside a delivery that takes half a minute.
#[derive(Debug)]
struct Order {
    asked: Arc<AtomicU32>,
}

#[saga]
impl Order {
    #[step(compensate = refund, in_doubt = check(find, after = "40s"))]
    async fn pay(&self) -> Result<(), StepError> {
        Err(StepError::in_doubt("no answer"))
    }
    async fn find(&self) -> Result<Checked<()>, StepError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Checked::NotDone)
    }
    async fn refund(&self, _pay: Option<&()>) -> Result<(), StepError> {
        Ok(())
    }

    #[step(after(), compensate = fetch, timeout = "1m")]
    async fn deliver(&self) -> Result<(), StepError> {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok(())
    }
    async fn fetch(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[test]
fn i26_a_check_of_an_instance_in_memory_waits_for_requests_anew_too() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (clock, asked) = (SetClock::new(), Arc::<AtomicU32>::default());
        let orchestrator = Orchestrator::builder(data.open())
            .register(Order { asked: Arc::clone(&asked) })
            .clock(clock.clone())
            .build()
            .await
            .unwrap();
        let order = orchestrator.start::<Order>("order", ()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
        clock.set(|now| now + Duration::from_secs(15));
        // The delivery ends, and by the clock no request of the payment can be travelling any more.
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 0, "a request may still be travelling");
        let outcome = order.outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        orchestrator.shutdown().await;
    }));
}
