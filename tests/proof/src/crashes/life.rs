//! One life of a process: the real orchestrator drives the instance from what the life before left behind.

use std::sync::Arc;
use std::time::Duration;

use sagas::prelude::{Handle, Orchestrator, Outcome};
use sagas::store::Store;
use sagas::{Error, InstanceId, MemoryStore, Resolution};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::check::Kept;
use super::recorder::{Keep, Life, LifeClock, Recorder, Remains};
use super::script::Script;
use super::seen::{Ending, Seen, Told};
use super::services::Services;
use super::shape::{ID, Met, Of, Shape};
use super::store::{SeenStore, bytes_of};
use super::watch::Watch;
use crate::panics;

/// How often a parked instance is tried again before it counts as stuck: more often than any script deviates.
const RETRIES_MAX: usize = 12;

/// The longest that a life takes, of simulated time: what has not ended by then is stuck.
const PATIENCE: Duration = Duration::from_secs(2 * 24 * 3_600);

/// How long the client waits for the outcome before it looks for a child that is parked.
const LOOK_AFTER: Duration = Duration::from_secs(20);

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
            let end = timeout(PATIENCE, run::<S>(&recorder, script)).await;
            let end = end.unwrap_or_else(|_| Err("it hangs".to_owned()));
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
        signals: stored.signals.len(),
    });
    kept.collect()
}

/// The ids of the instance and of its child.
fn ids<S: Shape>() -> impl Iterator<Item = String> {
    let child = S::PLACES.iter().find_map(|place| match place.of {
        Of::Child(step) => Some(format!("{ID}/{step}")),
        Of::Root => None,
    });
    std::iter::once(ID.to_owned()).chain(child)
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing")
}

/// Runs a life until the process dies.
async fn until_death<S: Shape>(recorder: &Arc<Recorder>, script: &Script) -> Option<Remains> {
    tokio::select! {
        biased;
        () = recorder.died.notified() => recorder.left_behind(),
        _ended = timeout(PATIENCE, run::<S>(recorder, script)) => None,
    }
}

/// Drives the instance to its end.
async fn run<S: Shape>(recorder: &Arc<Recorder>, script: &Script) -> Result<(), String> {
    let services = Services(Arc::clone(recorder));
    let builder = Orchestrator::builder(SeenStore::of(recorder)).clock(LifeClock(Arc::clone(recorder)));
    let orchestrator = S::register(builder, &services).build().await.map_err(|error| error.to_string())?;
    let client = script.has_cancel().then(|| {
        let handle = orchestrator.handle::<S>(ID);
        tokio::spawn(cancel(handle, Arc::clone(recorder)))
    });
    let end = drive::<S>(&orchestrator, recorder).await.map_err(|error| error.to_string());
    if let Some(client) = client {
        client.abort();
    }
    orchestrator.shutdown().await;
    // What the orchestrator still has to do at its end is done before the next life begins.
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    end
}

async fn drive<S: Shape>(orchestrator: &Orchestrator, recorder: &Recorder) -> Result<(), Error> {
    let handle = orchestrator.start::<S>(ID, S::INPUT).await?;
    recorder.note(Seen::Told(Told::Started));
    match S::meet(&handle).await {
        Ok(Met::Nothing) | Err(Error::Finished { .. }) => {}
        Ok(Met::Signalled) => recorder.note(Seen::Told(Told::Signalled)),
        Err(error) => return Err(error),
    }
    for _ in 0..RETRIES_MAX {
        let Ok(outcome) = timeout(LOOK_AFTER, handle.outcome()).await else {
            retry_child::<S>(orchestrator, recorder).await?;
            continue;
        };
        let ending = match outcome? {
            Outcome::Completed(_) => Ending::Completed,
            Outcome::Compensated(_) => Ending::Compensated,
            Outcome::Parked(_) => Ending::Parked,
        };
        recorder.note(Seen::Told(Told::Outcome(ending)));
        if ending != Ending::Parked {
            break;
        }
        retry(orchestrator, recorder, ID.to_owned()).await?;
    }
    Ok(())
}

/// Cancels the instance when the script says so.
async fn cancel<S: Shape>(handle: Handle<S>, recorder: Arc<Recorder>) {
    recorder.cancel.notified().await;
    // Where it is too late, the client is told so.
    if handle.cancel("the client does not want it any more").await.is_ok() {
        recorder.note(Seen::Told(Told::Cancelled));
    }
    recorder.cancelled.notify_one();
}

/// Has a child that is parked tried again.
async fn retry_child<S: Shape>(orchestrator: &Orchestrator, recorder: &Recorder) -> Result<(), Error> {
    match ids::<S>().nth(1) {
        Some(child) => retry(orchestrator, recorder, child).await,
        None => Ok(()),
    }
}

async fn retry(orchestrator: &Orchestrator, recorder: &Recorder, id: String) -> Result<(), Error> {
    match orchestrator.resolve(id, Resolution::Retry { note: "again".to_owned() }).await {
        Ok(()) => recorder.note(Seen::Told(Told::Resolved)),
        Err(Error::NotParked { .. } | Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
