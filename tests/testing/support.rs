//! Services that keep the three rules: they accept a compensation twice, accept one for something that never happened,
//! and refuse a call whose compensation they have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use sagas::prelude::*;

/// The services of a shop.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) done: BTreeMap<String, u32>,
    pub(crate) compensated: BTreeSet<String>,
    pub(crate) calls: Vec<String>,
}

impl World {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// What is done and not compensated.
    pub(crate) fn in_force(&self) -> Vec<String> {
        let inner = self.lock();
        inner.done.keys().filter(|key| !inner.compensated.contains(*key)).cloned().collect()
    }

    pub(crate) fn forward(&self, cx: &StepContext) -> Result<u32, StepError> {
        let mut inner = self.lock();
        inner.calls.push(cx.idempotency_key().to_owned());
        if inner.compensated.contains(cx.step_key()) {
            return Err(StepError::rejected("its compensation was here before"));
        }
        let next = u32::try_from(inner.done.len()).unwrap();
        Ok(*inner.done.entry(cx.step_key().to_owned()).or_insert(next))
    }

    pub(crate) fn compensate(&self, cx: &StepContext) -> Result<(), StepError> {
        let mut inner = self.lock();
        inner.calls.push(cx.idempotency_key().to_owned());
        inner.compensated.insert(cx.step_key().to_owned());
        Ok(())
    }

    pub(crate) fn check(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        let mut inner = self.lock();
        let found = inner.done.get(cx.step_key()).copied();
        if found.is_none() {
            inner.compensated.insert(cx.step_key().to_owned());
        }
        Ok(found.map_or(Checked::NotDone, Checked::Done))
    }
}

/// All or nothing: what must be true of `steps` steps.
pub(crate) fn all_or_nothing<S: Saga>(
    world: &World,
    outcome: &Outcome<S>,
    steps: usize,
) -> Result<(), String> {
    let in_force = world.in_force();
    match outcome {
        Outcome::Completed(_) if in_force.len() == steps => Ok(()),
        Outcome::Completed(_) => Err(format!("completed, and in force are {in_force:?}")),
        Outcome::Compensated(_) if in_force.is_empty() => Ok(()),
        Outcome::Compensated(failure) => {
            Err(format!("compensated ({failure}), and in force are {in_force:?}"))
        }
        Outcome::Parked(parked) => Err(parked.to_string()),
    }
}
