//! One history: the lives of a process that follow each other until the instance has ended.

use std::sync::Arc;
use std::time::Duration;

use saga_core::outcome::Outcome;
use saga_core::runtime::{Handle, Orchestrator};
use saga_core::saga::Saga;
use saga_core::store::MemoryStore;

use crate::client::{self, REVERTED};
use crate::director::{Director, HistoryClock, Script, Stand, Trace, Wanted};
use crate::hurry::hurry;
use crate::options::Scope;
use crate::panics::caught;
use crate::perform::{Between, deliver};
use crate::store::MortalStore;
use crate::subject::{Subject, with_causes};
use crate::timeline::Kind;
use crate::watch::{Place, Watched};

/// How often a method may be called in one history if its policy says no more: a method that is called more often
/// does not come to an end, since nothing goes wrong more often than once or twice.
pub const CALLS_MAX: u32 = 100;

/// How long an instance may take, on its own clock: longer than the longest delays.
pub const PATIENCE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What came of a history.
pub(crate) struct Lived<S: Saga, W> {
    /// The outcome with the world as it is then; or why there is none.
    pub(crate) end: Result<(Outcome<S>, W), String>,
    pub(crate) trace: Trace,
}

/// How a life ended.
enum Ended<S: Saga> {
    Died,
    Outcome(Outcome<S>),
    Failed(String),
}

/// Lives through the history that `script` says.
pub(crate) fn live<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    watched: &Watched<'_>,
    script: Script,
    scope: Scope,
    wanted: Wanted,
) -> Lived<S, W> {
    let director = Director::new(&subject.id, &S::definition(), script, scope, wanted);
    let end = live_on(subject, watched, &director);
    Lived { end, trace: director.trace() }
}

fn live_on<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    watched: &Watched<'_>,
    director: &Arc<Director>,
) -> Result<(Outcome<S>, W), String> {
    if let Some(mistake) = subject.mistake() {
        return Err(mistake.to_owned());
    }
    let store = MemoryStore::new();
    let mut made = None;
    for life in 1.. {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| format!("no runtime could be made: {error}"))?;
        let (saga, world) = match made.take() {
            Some(made) => made,
            None => {
                // What it spawns is of the first life.
                let _entered = runtime.enter();
                let (saga, world) =
                    caught(|| subject.make()).map_err(|why| format!("no saga was made: {why}"))?;
                (Arc::new(saga), world)
            }
        };
        watched.is_at(Place::Run(Arc::clone(director)));
        let ended = runtime.block_on(async {
            director.begin_life(life);
            let ended = tokio::select! {
                biased;
                ended = stand(director) => ended,
                ended = drive(subject, director, &store, &saga, &world) => ended,
            };
            director.end_life();
            ended
        });
        // Like the end of a process: tasks are dropped where they wait.
        drop(runtime);
        match ended {
            Ended::Died => made = Some((saga, world)),
            Ended::Outcome(outcome) => return Ok((outcome, world)),
            Ended::Failed(why) => return Err(why),
        }
    }
    Err("it has lived too often".to_owned())
}

/// Waits for the end of a life that is not an outcome.
async fn stand<S: Saga>(director: &Director) -> Ended<S> {
    if director.stands(|stand| matches!(stand, Stand::Dead | Stand::Endless)).await == Stand::Dead {
        return Ended::Died;
    }
    let method = director.tired_of().unwrap_or_default();
    Ended::Failed(format!(
        "it does not end: {method} is called again and again; the timeline says why its calls fail, and \
         `retry(attempts = ..)` how often they may"
    ))
}

/// Runs the instance to its end, and lets calls arrive then that are still travelling.
async fn drive<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    director: &Arc<Director>,
    store: &MemoryStore,
    saga: &Arc<S>,
    world: &W,
) -> Ended<S> {
    let run = async {
        match tokio::time::timeout(PATIENCE, run(subject, director, store, saga, world)).await {
            Ok(Ok(outcome)) => Ended::Outcome(outcome),
            Ok(Err(why)) => Ended::Failed(why),
            Err(_elapsed) => Ended::Failed(format!(
                "it has not ended after {} days of its own time: it waits longer than can be tested",
                PATIENCE.as_secs() / (24 * 60 * 60)
            )),
        }
    };
    let ended = tokio::select! {
        biased;
        ended = run => ended,
        why = hurry(director, store) => Ended::Failed(why),
    };
    if let Ended::Outcome(outcome) = &ended {
        deliver(director, None).await;
        let what = match outcome {
            Outcome::Completed(_) => "completed".to_owned(),
            Outcome::Compensated(_) => "compensated".to_owned(),
            Outcome::Parked(parked) => format!("parked: {parked}"),
        };
        director.note(Kind::Plain, what);
    }
    ended
}

async fn run<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    director: &Arc<Director>,
    store: &MemoryStore,
    saga: &Arc<S>,
    world: &W,
) -> Result<Outcome<S>, String> {
    let builder = Orchestrator::builder(MortalStore::open(store, director))
        .register_shared(Arc::clone(saga))
        .clock(HistoryClock(Arc::clone(director)))
        .intercept(Arc::new(Between(Arc::clone(director))));
    let orchestrator = subject.register(builder, world).build().await;
    let orchestrator =
        orchestrator.map_err(|error| format!("no orchestrator could be built: {}", with_causes(&error)))?;
    let handle = orchestrator.start::<S>(subject.id.as_str(), subject.input()?).await;
    let handle =
        handle.map_err(|error| format!("the instance could not be started: {}", with_causes(&error)))?;
    tokio::select! {
        biased;
        why = client::serve(subject, director, &orchestrator) => Err(why),
        ended = end(director, &handle) => ended,
    }
}

/// Waits for the outcome that nobody takes back.
async fn end<S: Saga>(director: &Director, handle: &Handle<S>) -> Result<Outcome<S>, String> {
    loop {
        director.stands(|stand| stand == Stand::Ended).await;
        let outcome = match handle.try_outcome().await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return Err("it has ended, and has no outcome".to_owned()),
            Err(error) => return Err(format!("its outcome cannot be read: {}", with_causes(&error))),
        };
        if !director.reverts() {
            return Ok(outcome);
        }
        match handle.revert(REVERTED).await {
            Ok(()) => director.answered(None),
            Err(error) => return Err(format!("a client could not revert it: {}", with_causes(&error))),
        }
    }
}
