//! A process: an orchestrator, and a client that wants one instance to come to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sagas::prelude::{Handle, Orchestrator, Outcome, ParkReason, Parked};
use sagas::{Error, Resolution};
use tokio::time::timeout;

use super::recorder::{LifeClock, Recorder};
use super::script::{Script, Wish};
use super::seen::{Done, Ending, Seen, Told};
use super::services::Services;
use super::shape::{ID, Of, Shape};
use super::store::SeenStore;

/// How often the client is told an outcome before the instance counts as stuck: more often than any script deviates.
const OUTCOMES_MAX: usize = 12;

/// How long after the end of a process that was shut down the next one begins.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the client waits for the outcome before it looks for a child that is parked.
const LOOK_AFTER: Duration = Duration::from_secs(20);

/// The ids of the instance and of its child.
pub(super) fn ids<S: Shape>() -> impl Iterator<Item = String> {
    let child = S::PLACES.iter().find_map(|place| match place.of {
        Of::Child(step) => Some(format!("{ID}/{step}")),
        Of::Root => None,
    });
    std::iter::once(ID.to_owned()).chain(child)
}

/// Drives the instance to its end, in as many processes as that takes.
pub(super) async fn run<S: Shape>(recorder: Arc<Recorder>, script: Arc<Script>) -> Result<(), String> {
    while let End::ShutDown = process::<S>(&recorder, &script).await.map_err(|error| error.to_string())? {
        // Whatever the process still did now, it would do after it has said that it has ended.
        tokio::time::sleep(PAUSE).await;
        recorder.note(Seen::Begins);
    }
    Ok(())
}

/// Why a process ended.
enum End {
    /// It was shut down.
    ShutDown,
    /// The instance has come to its end.
    Done,
}

/// One process.
async fn process<S: Shape>(recorder: &Arc<Recorder>, script: &Script) -> Result<End, Error> {
    let services = Services(Arc::clone(recorder));
    let builder = Orchestrator::builder(SeenStore::of(recorder)).clock(LifeClock(Arc::clone(recorder)));
    let orchestrator = S::register(builder, &services).build().await?;
    let canceller = script.wishes(Wish::Cancel).then(|| {
        let handle = orchestrator.handle::<S>(ID);
        tokio::spawn(cancel(handle, Arc::clone(recorder)))
    });
    let end = client::<S>(&orchestrator, recorder, script).await;
    if let Some(canceller) = canceller {
        canceller.abort();
    }
    orchestrator.shutdown().await;
    if let Ok(End::ShutDown) = end {
        recorder.note(Seen::Ended);
    }
    // What the orchestrator still has to do at its end is done before the next life begins.
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    end
}

/// What the client does until the instance has come to its end, or the process is to be shut down.
async fn client<S: Shape>(
    orchestrator: &Orchestrator,
    recorder: &Recorder,
    script: &Script,
) -> Result<End, Error> {
    loop {
        let mut driven = pin!(drive::<S>(orchestrator, recorder, script));
        tokio::select! {
            biased;
            () = recorder.wished(Wish::Leave) => {}
            () = recorder.wished(Wish::ShutDown) => {
                recorder.note(Seen::Ends);
                return match tokio::join!(orchestrator.shutdown(), driven).1 {
                    Ok(()) | Err(Error::ShuttingDown) => Ok(End::ShutDown),
                    Err(error) => Err(error),
                };
            }
            end = &mut driven => return end.map(|()| End::Done),
        }
    }
}

/// What the client does: it starts the instance, waits for its outcome, and does something about that.
async fn drive<S: Shape>(
    orchestrator: &Orchestrator,
    recorder: &Recorder,
    script: &Script,
) -> Result<(), Error> {
    let handle = orchestrator.start::<S>(ID, S::INPUT).await?;
    recorder.note(Seen::Told(Told::Started));
    match S::meet(&handle, recorder).await {
        Ok(()) | Err(Error::Finished { .. }) => {}
        Err(error) => return Err(error),
    }
    for _ in 0..OUTCOMES_MAX {
        let Ok(outcome) = timeout(LOOK_AFTER, handle.outcome()).await else {
            retry_child::<S>(orchestrator, recorder).await?;
            continue;
        };
        let outcome = outcome?;
        let ending = match outcome {
            Outcome::Completed(_) => Ending::Completed,
            Outcome::Compensated(_) => Ending::Compensated,
            Outcome::Parked(_) => Ending::Parked,
        };
        recorder.note(Seen::Told(Told::Outcome(ending)));
        if let Outcome::Parked(parked) = outcome {
            let how = how::<S>(&parked, recorder);
            resolve(orchestrator, recorder, ID.to_owned(), how).await?;
            continue;
        }
        match ending {
            Ending::Completed if script.reverts() && revert(&handle, recorder).await? => {}
            _ => break,
        }
    }
    Ok(())
}

/// Takes back what has completed, unless that is refused. Says whether it is taken back.
async fn revert<S: Shape>(handle: &Handle<S>, recorder: &Recorder) -> Result<bool, Error> {
    let (told, is_taken_back) = match handle.revert("the client does not want it any more").await {
        Ok(()) => (Told::Reverted, true),
        Err(Error::NotRevertible { .. }) => (Told::NotRevertible, false),
        Err(error) => return Err(error),
    };
    recorder.note(Seen::Told(told));
    Ok(is_taken_back)
}

/// Cancels the instance when the script says so.
async fn cancel<S: Shape>(handle: Handle<S>, recorder: Arc<Recorder>) {
    recorder.wished(Wish::Cancel).await;
    match handle.cancel("the client does not want it any more").await {
        Ok(()) => recorder.note(Seen::Told(Told::Cancelled)),
        // It is to be cancelled in the next process.
        Err(Error::ShuttingDown) => recorder.wish(Wish::Cancel),
        // It is too late.
        Err(_) => {}
    }
    recorder.cancelled.notify_one();
}

/// How what is parked goes on: a person looks what was done where nobody else can, and all else is tried again.
fn how<S: Shape>(parked: &Parked<S::Step>, recorder: &Recorder) -> Resolution {
    let note = "looked at it".to_owned();
    if parked.reason != ParkReason::InDoubt {
        return Resolution::Retry { note };
    }
    match recorder.look(&parked.step.to_string()) {
        Done::FoundEffect => Resolution::Succeeded { output: 1.into(), note },
        _ => Resolution::Void { note },
    }
}

/// Has a child that is parked tried again.
async fn retry_child<S: Shape>(orchestrator: &Orchestrator, recorder: &Recorder) -> Result<(), Error> {
    match ids::<S>().nth(1) {
        Some(child) => {
            let how = Resolution::Retry { note: "again".to_owned() };
            resolve(orchestrator, recorder, child, how).await
        }
        None => Ok(()),
    }
}

async fn resolve(
    orchestrator: &Orchestrator,
    recorder: &Recorder,
    id: String,
    how: Resolution,
) -> Result<(), Error> {
    match orchestrator.resolve(id, how).await {
        Ok(()) => recorder.note(Seen::Told(Told::Resolved)),
        Err(Error::NotParked { .. } | Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
