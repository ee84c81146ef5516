//! Instances that stand in line outside memory. In the store they are ready, not waiting, so that a restart brings
//! them back; whatever else may let them go on is kept here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use crate::id::InstanceId;
use crate::runtime::admission::Slot;
use crate::runtime::shared::Shared;
use crate::time::Timestamp;

/// The instances that left memory in line, with the timers of those that have a time of their own: a deadline, or
/// the next attempt of another step.
#[derive(Default)]
pub(crate) struct Line {
    outside: Mutex<HashMap<InstanceId, Option<AbortHandle>>>,
}

impl Line {
    /// Forgets an instance, since it is in memory again; `false` if it was not here.
    pub(crate) fn forget(&self, id: &InstanceId) -> bool {
        let outside = self.outside().remove(id);
        if let Some(Some(timer)) = &outside {
            timer.abort();
        }
        outside.is_some()
    }

    /// Whether the instance is here.
    pub(crate) fn has(&self, id: &InstanceId) -> bool {
        self.outside().contains_key(id)
    }

    fn outside(&self) -> MutexGuard<'_, HashMap<InstanceId, Option<AbortHandle>>> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that an instance has left memory in line. It comes back when it is called, at `at` at the latest.
pub(crate) fn note(shared: &Arc<Shared>, id: &InstanceId, at: Option<Timestamp>) {
    let timer = at.map(|at| {
        let wait = at.since(shared.now());
        let (shared, id) = (Arc::clone(shared), id.clone());
        let runtime = shared.runtime.clone();
        let timer = runtime.spawn(async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => call(&shared, &id),
                () = shared.lifecycle.ending() => {}
            }
        });
        timer.abort_handle()
    });
    if let Some(Some(earlier)) = shared.line.outside().insert(id.clone(), timer) {
        earlier.abort();
    }
}

/// Brings an instance back that stands in line outside memory: something has happened that is none of its line's.
pub(crate) fn call(shared: &Shared, id: &InstanceId) {
    if shared.line.outside().contains_key(id) {
        shared.admission.enqueue(id.clone(), Slot::uncounted());
    }
}
