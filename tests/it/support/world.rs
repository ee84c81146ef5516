//! Services that do as they are told, and remember everything by idempotency key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use sagas::prelude::*;
use tokio::sync::watch;

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
    /// It waits until the gate is open, then does its work and answers.
    Wait,
    /// It lets others run for a while, then does its work and answers.
    Linger,
    /// It waits until the gate is open, then refuses.
    WaitThenReject,
    /// It waits until its caller is told that nobody wants it any more, then does its work and answers.
    WaitForCancel,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// `step`, `step/compensate` or `step/check`.
    pub(crate) what: String,
    pub(crate) instance: String,
    pub(crate) key: String,
    pub(crate) step_key: String,
    pub(crate) uuid: String,
    pub(crate) attempt: u32,
}

/// The services: what they were called with, and what of it is in force.
#[derive(Debug, Clone)]
pub(crate) struct World {
    inner: Arc<Mutex<Inner>>,
    gate: Arc<watch::Sender<bool>>,
    count: Arc<watch::Sender<usize>>,
}

#[derive(Debug, Clone, Default)]
struct Inner {
    script: BTreeMap<String, Vec<Act>>,
    calls: Vec<Call>,
    done: BTreeMap<String, u32>,
    compensated: BTreeMap<String, u32>,
    next: u32,
    time: Option<SystemTime>,
    active: BTreeSet<String>,
    active_max: usize,
    serving: BTreeMap<String, usize>,
    serving_max: BTreeMap<String, usize>,
}

impl Default for World {
    fn default() -> Self {
        Self::of(Inner::default(), false)
    }
}

impl World {
    fn of(inner: Inner, open: bool) -> Self {
        let count = inner.calls.len();
        Self {
            inner: Arc::new(Mutex::new(inner)),
            gate: Arc::new(watch::Sender::new(open)),
            count: Arc::new(watch::Sender::new(count)),
        }
    }

    /// The next calls of `step` (or `step/compensate`, `step/check`) go like this, later ones succeed. With
    /// `@id` at its end it is said of one instance, as `step/3` of one item (`step/3/compensate`), and comes
    /// before what is said of all.
    pub(crate) fn script(self, step: &str, acts: &[Act]) -> Self {
        self.lock().script.entry(step.to_owned()).or_default().extend(acts);
        self
    }

    /// These services as they are now, from here on apart from the others.
    pub(crate) fn snapshot(&self) -> Self {
        let (active, serving) = (BTreeSet::new(), BTreeMap::new());
        let inner = Inner { active, serving, ..self.lock().clone() };
        Self::of(inner, *self.gate.borrow())
    }

    /// All calls so far, as `step`, `step/compensate` or `step/check`, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.lock().calls.iter().map(|call| call.what.clone()).collect()
    }

    /// All calls so far with what they were told.
    pub(crate) fn seen(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How often `what` was called, by all instances.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.lock().calls.iter().filter(|call| call.what == what).count()
    }

    /// Waits until `what` was called `times` times.
    pub(crate) async fn called(&self, what: &str, times: usize) {
        let mut count = self.count.subscribe();
        let _closed = count.wait_for(|_| self.count(what) >= times).await;
    }

    /// The keys whose effect is in force: done and not compensated.
    pub(crate) fn in_force(&self) -> Vec<String> {
        let inner = self.lock();
        inner.done.keys().filter(|key| !inner.compensated.contains_key(*key)).cloned().collect()
    }

    /// How many effects there ever were.
    pub(crate) fn effects(&self) -> usize {
        self.lock().done.len()
    }

    /// How many instances were served at once at most.
    pub(crate) fn active_max(&self) -> usize {
        self.lock().active_max
    }

    /// How many calls of `what` were served at once at most.
    pub(crate) fn serving_max(&self, what: &str) -> usize {
        self.lock().serving_max.get(what).copied().unwrap_or_default()
    }

    /// Opens the gate for those who wait and those who will.
    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    /// The time that a life of the process has left behind.
    pub(crate) fn time(&self) -> SystemTime {
        self.lock().time.unwrap_or_else(SystemTime::now)
    }

    pub(crate) fn set_time(&self, now: SystemTime) {
        self.lock().time = Some(now);
    }

    pub(crate) async fn forward(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.call(cx, "", || self.apply(cx.step_key())).await
    }

    pub(crate) async fn compensate(&self, cx: &StepContext) -> Result<(), StepError> {
        let work = || {
            *self.lock().compensated.entry(cx.step_key().to_owned()).or_default() += 1;
            Ok(0)
        };
        self.call(cx, "/compensate", work).await.map(|_| ())
    }

    pub(crate) async fn check(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        match self.next_act(cx, "/check") {
            Act::NotDone => return Ok(Checked::Unknown),
            Act::LoseAnswer | Act::LoseRequest => {
                return Err(StepError::in_doubt("the check did not answer"));
            }
            Act::Hang => return std::future::pending().await,
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

    async fn call(
        &self,
        cx: &StepContext,
        method: &str,
        work: impl Fn() -> Result<u32, StepError>,
    ) -> Result<u32, StepError> {
        let act = self.next_act(cx, method);
        let what = format!("{}{method}", cx.step());
        let _served = Served::new(self, cx.instance_id(), &what);
        match act {
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
                let mut gate = self.gate.subscribe();
                let _closed = gate.wait_for(|open| *open).await;
                work()
            }
            Act::Linger => {
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                work()
            }
            Act::WaitThenReject => {
                let mut gate = self.gate.subscribe();
                let _closed = gate.wait_for(|open| *open).await;
                Err(StepError::rejected(format!("{what} refused")))
            }
            Act::WaitForCancel => {
                assert!(!cx.is_cancelled(), "told before it was asked");
                cx.cancelled().await;
                assert!(cx.is_cancelled(), "both say the same");
                work()
            }
        }
    }

    fn next_act(&self, cx: &StepContext, method: &str) -> Act {
        let what = format!("{}{method}", cx.step());
        let mut inner = self.lock();
        inner.calls.push(Call {
            what: what.clone(),
            instance: cx.instance_id().to_owned(),
            key: cx.idempotency_key().to_owned(),
            step_key: cx.step_key().to_owned(),
            uuid: cx.idempotency_uuid().to_string(),
            attempt: cx.attempt(),
        });
        self.count.send_modify(|count| *count += 1);
        let place = format!("{}{method}", place_of(cx));
        for name in [format!("{what}@{}", cx.instance_id()), place, what] {
            match inner.script.get_mut(&name) {
                Some(acts) if !acts.is_empty() => return acts.remove(0),
                _ => {}
            }
        }
        Act::Succeed
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

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// The step, with its item if it has one: the end of its key.
fn place_of(cx: &StepContext) -> &str {
    let (key, step) = (cx.step_key(), format!("/{}", cx.step()));
    key.rfind(&step).map_or(key, |at| &key[at + 1..])
}

/// An instance that is being served until this is dropped.
struct Served<'a> {
    world: &'a World,
    instance: String,
    what: String,
}

impl<'a> Served<'a> {
    fn new(world: &'a World, instance: &str, what: &str) -> Self {
        let mut inner = world.lock();
        inner.active.insert(instance.to_owned());
        inner.active_max = inner.active_max.max(inner.active.len());
        let serving = inner.serving.entry(what.to_owned()).or_default();
        *serving += 1;
        let serving = *serving;
        let most = inner.serving_max.entry(what.to_owned()).or_default();
        *most = serving.max(*most);
        drop(inner);
        Self { world, instance: instance.to_owned(), what: what.to_owned() }
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let mut inner = self.world.lock();
        inner.active.remove(&self.instance);
        if let Some(serving) = inner.serving.get_mut(&self.what) {
            *serving -= 1;
        }
    }
}
