//! One life of a process: the real orchestrator drives the instance from what the life before left behind.

use std::sync::Arc;
use std::time::Duration;

use sagas::store::Store;
use sagas::{InstanceId, MemoryStore};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::check::Kept;
use super::process::{ids, run};
use super::recorder::{Keep, Life, Recorder};
use super::remains::Remains;
use super::script::Script;
use super::shape::Shape;
use super::store::bytes_of;
use super::watch::Watch;
use crate::panics;

/// The longest that a life takes, of simulated time: what has not ended by then is stuck.
const PATIENCE: Duration = Duration::from_secs(2 * 24 * 3_600);

/// A thread's simulated time, in which one life runs after the other.
pub(crate) struct Time {
    runtime: Runtime,
    /// What is under way in it.
    pub(crate) watch: Watch,
}

impl Time {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self { runtime: runtime(), watch: Watch::default() }
    }

    /// One life, from what the one before left behind to the end of the instance.
    ///
    /// Beside the life: what the store holds at its end, and why it did not come to an end, if it did not.
    pub(crate) fn live<S: Shape>(
        &mut self,
        script: &Arc<Script>,
        from: &Remains,
        keep: Keep,
    ) -> (Life, Vec<Kept>, Option<String>) {
        panics::watch();
        let (life, kept, end) = self.runtime.block_on(async {
            let recorder = Recorder::new(S::PLACES, script, from, keep);
            let end = at_its_end::<S>(&recorder, script).await;
            let life = recorder.end();
            let kept = kept::<S>(&life.store).await;
            (life, kept, panics::seen().or(end.err()))
        });
        if end.is_some() {
            // Whatever hangs must not disturb the next life.
            self.runtime = runtime();
        }
        (life, kept, end)
    }
}

impl Time {
    /// One life that is really cut short at its moment of this number, wherever its tasks are. The second is what it
    /// has left behind; there is none if it came to its end before.
    pub(crate) fn die<S: Shape>(
        &mut self,
        script: &Arc<Script>,
        from: &Remains,
        at: usize,
    ) -> (Life, Option<Remains>) {
        let (recorder, left_behind) = self.runtime.block_on(async {
            let recorder = Recorder::new(S::PLACES, script, from, Keep::UntilDeath(at));
            let left_behind = until_death::<S>(&recorder, script).await;
            (recorder, left_behind)
        });
        // A process that is killed drops nothing, so nothing is: who sees his end coming can still put things in order.
        std::mem::forget(std::mem::replace(&mut self.runtime, runtime()));
        (recorder.end(), left_behind)
    }

    /// What a store holds.
    #[cfg(test)]
    pub(crate) fn kept<S: Shape>(&self, store: &MemoryStore) -> Vec<Kept> {
        self.runtime.block_on(kept::<S>(store))
    }
}

/// What a store holds.
async fn kept<S: Shape>(store: &MemoryStore) -> Vec<Kept> {
    let ids: Vec<_> = ids::<S>().filter_map(|id| InstanceId::new(id).ok()).collect();
    let stored = store.load(&ids).await.expect("a store in memory can be read");
    let kept = stored.into_iter().flatten().map(|stored| Kept {
        id: stored.head.id,
        state: stored.head.progress.state,
        entries: stored.entries.iter().map(bytes_of).collect(),
        signals: stored.signals.into_iter().map(|signal| signal.id).collect(),
    });
    kept.collect()
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing")
}

/// Runs a life to its end, in a task of its own: what runs outside of one is not looked at while others have to do.
async fn at_its_end<S: Shape>(recorder: &Arc<Recorder>, script: &Arc<Script>) -> Result<(), String> {
    let life = tokio::spawn(run::<S>(Arc::clone(recorder), Arc::clone(script)));
    match timeout(PATIENCE, life).await {
        Ok(end) => end.map_err(|error| error.to_string())?,
        Err(_passed) => Err("it hangs".to_owned()),
    }
}

/// Runs a life until the process dies.
async fn until_death<S: Shape>(recorder: &Arc<Recorder>, script: &Arc<Script>) -> Option<Remains> {
    tokio::select! {
        biased;
        () = recorder.died.notified() => recorder.left_behind(),
        _ended = at_its_end::<S>(recorder, script) => None,
    }
}
