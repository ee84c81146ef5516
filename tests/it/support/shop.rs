//! A saga over services that do as they are told, and remember everything by idempotency key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use sagas::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// What a service does at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It does its work and answers.
    Succeed,
    /// It refuses.
    Reject,
    /// It does nothing, and says so.
    NotDone,
    /// It does its work, and its answer is lost.
    LoseAnswer,
    /// It does nothing, and its answer is lost.
    LoseRequest,
    /// It does its work, and its caller panics.
    Panic,
    /// It does its work and never answers.
    Hang,
    /// It waits until the gate is opened, then does its work and answers.
    Wait,
}

/// The services: what they were called with, and what of it is in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    inner: Arc<Mutex<Inner>>,
    pub(crate) gate: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Inner {
    script: BTreeMap<String, Vec<Act>>,
    calls: Vec<String>,
    done: BTreeMap<String, u32>,
    compensated: BTreeMap<String, u32>,
    next: u32,
    time: Option<SystemTime>,
}

impl World {
    /// The next calls of `step` (or `step/compensate`) go like this, later ones succeed.
    pub(crate) fn script(self, step: &str, acts: &[Act]) -> Self {
        self.lock().script.entry(step.to_owned()).or_default().extend(acts);
        self
    }

    /// All calls so far, as `step`, `step/compensate` or `step/check`, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// How often `what` was called.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.lock().calls.iter().filter(|call| *call == what).count()
    }

    /// The keys whose effect is in force: done and not compensated.
    pub(crate) fn in_force(&self) -> Vec<String> {
        let inner = self.lock();
        inner.done.keys().filter(|key| !inner.compensated.contains_key(*key)).cloned().collect()
    }

    /// Opens the gate for those who wait.
    pub(crate) fn open(&self) {
        self.gate.notify_waiters();
    }

    /// The time that a life of the process has left behind.
    pub(crate) fn time(&self) -> SystemTime {
        self.lock().time.unwrap_or_else(SystemTime::now)
    }

    pub(crate) fn set_time(&self, now: SystemTime) {
        self.lock().time = Some(now);
    }

    fn next_act(&self, what: &str) -> Act {
        let mut inner = self.lock();
        inner.calls.push(what.to_owned());
        match inner.script.get_mut(what) {
            Some(acts) if !acts.is_empty() => acts.remove(0),
            _ => Act::Succeed,
        }
    }

    /// Does the work under `key`, once; refuses if it was compensated before.
    fn apply(&self, key: &str) -> Result<u32, StepError> {
        let mut inner = self.lock();
        if inner.compensated.contains_key(key) {
            return Err(StepError::rejected("the compensation was here before"));
        }
        if let Some(number) = inner.done.get(key) {
            return Ok(*number);
        }
        inner.next += 1;
        let number = inner.next;
        inner.done.insert(key.to_owned(), number);
        Ok(number)
    }

    async fn call(&self, what: &str, work: impl Fn() -> Result<u32, StepError>) -> Result<u32, StepError> {
        match self.next_act(what) {
            Act::Succeed => work(),
            Act::Reject => Err(StepError::rejected(format!("{what} refused"))),
            Act::NotDone => Err(StepError::not_done(format!("{what} is down"))),
            Act::LoseAnswer => {
                work().and_then(|_| Err(StepError::in_doubt(format!("{what} did not answer"))))
            }
            Act::LoseRequest => Err(StepError::in_doubt(format!("{what} did not answer"))),
            Act::Panic => {
                work()?;
                // Without the hook of `panic!`, which would fill the output of the tests.
                std::panic::resume_unwind(Box::new(format!("{what} panics")));
            }
            Act::Hang => {
                work()?;
                std::future::pending().await
            }
            Act::Wait => {
                self.gate.notified().await;
                work()
            }
        }
    }

    pub(crate) async fn forward(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.call(cx.step(), || self.apply(cx.step_key())).await
    }

    pub(crate) async fn compensate(&self, cx: &StepContext) -> Result<(), StepError> {
        let what = format!("{}/compensate", cx.step());
        let work = || {
            *self.lock().compensated.entry(cx.step_key().to_owned()).or_default() += 1;
            Ok(0)
        };
        self.call(&what, work).await.map(|_| ())
    }

    pub(crate) async fn check(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        let what = format!("{}/check", cx.step());
        match self.next_act(&what) {
            Act::NotDone => return Ok(Checked::Unknown),
            Act::LoseAnswer | Act::LoseRequest => {
                return Err(StepError::in_doubt("the check did not answer"));
            }
            _ => {}
        }
        let mut inner = self.lock();
        let found = inner.done.get(cx.step_key()).copied();
        // What was not done is not done later: the key is closed.
        if found.is_none() {
            inner.compensated.insert(cx.step_key().to_owned(), 1);
        }
        Ok(found.map_or(Checked::NotDone, Checked::Done))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// What an order is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    #[serde(default)]
    pub(crate) note: String,
}

/// An order with this number.
pub(crate) fn order(number: u32) -> Order {
    Order { number, note: String::new() }
}

/// The order flow: every kind of step, and every rule for doubt.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) world: World,
}

#[saga(name = "shop")]
impl Shop {
    #[step(compensate = cancel_order, idempotent, retry(attempts = 3, initial = "10ms"), timeout = "5s")]
    async fn create_order(&self, cx: &StepContext, input: &Order) -> Result<u32, StepError> {
        assert!(input.number < 1_000_000, "the order number is out of range");
        self.world.forward(cx).await
    }
    async fn cancel_order(&self, cx: &StepContext, create_order: Option<&u32>) -> Result<(), StepError> {
        let _ = create_order;
        self.world.compensate(cx).await
    }

    #[step(output = reservation, compensate = release, idempotent, retry(attempts = 3, initial = "10ms"), timeout = "5s")]
    async fn reserve(&self, cx: &StepContext, create_order: &u32) -> Result<u32, StepError> {
        assert!(*create_order > 0, "the output of the step before");
        self.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms", max = "100ms"))]
    async fn release(&self, cx: &StepContext, reservation: &u32, failure: &Failure) -> Result<(), StepError> {
        assert!(*reservation > 0 && !failure.message.is_empty(), "what the compensation is told");
        self.world.compensate(cx).await
    }

    #[step(compensate = refund, in_doubt = check(find_payment, after = "20ms"), retry(attempts = 2, initial = "10ms"), timeout = "5s")]
    async fn pay(&self, cx: &StepContext, input: &Order, reservation: &u32) -> Result<u32, StepError> {
        let _ = (input, reservation);
        self.world.forward(cx).await
    }
    #[policy(retry(attempts = 4, initial = "10ms"))]
    async fn find_payment(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.world.check(cx).await
    }
    #[policy(retry(attempts = 4, initial = "10ms"))]
    async fn refund(&self, cx: &StepContext, pay: Option<&u32>) -> Result<(), StepError> {
        let _ = pay;
        self.world.compensate(cx).await
    }

    #[step(pivot, idempotent, retry(attempts = 3, initial = "10ms", max = "100ms"), timeout = "5s")]
    async fn ship(&self, cx: &StepContext, reservation: &u32, pay: &u32) -> Result<u32, StepError> {
        let _ = (reservation, pay);
        self.world.forward(cx).await
    }

    #[step(retriable, idempotent, retry(initial = "10ms", max = "100ms"), timeout = "5s")]
    async fn notify(&self, cx: &StepContext, ship: &u32) -> Result<String, StepError> {
        let number = self.world.forward(cx).await?;
        Ok(format!("shipment {ship} as {number}"))
    }
}
