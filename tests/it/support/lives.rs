//! Stories that processes live through: one instance, driven to its end by one life after another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sagas::prelude::*;
use sagas::store::{Refusal, Store, Timestamp, Write};
use sagas::{Builder, Error};

use super::data::Data;
use super::probe::{Moment, Plan, Probe};
use super::process::WorldClock;
use super::world::World;
use super::{PATIENCE, retry};

/// The longest that a life may take: of simulated time more than any story waits for, of real time little.
fn patience(data: &Data) -> Duration {
    match data {
        Data::Memory(_) => Duration::from_secs(40 * 24 * 3600),
        Data::Sqlite(_) => PATIENCE,
    }
}

/// The id of the instance that a story is about.
pub(crate) const ID: &str = "it-1";

/// How often a parked instance is tried again before the test gives up on it.
const RETRIES_MAX: usize = 20;

/// More appends than any story makes.
const APPENDS_MAX: usize = 200;

/// A saga over the services of a test, and what is done with it.
pub(crate) trait Story: Saga + Clone {
    /// Its services.
    fn world(&self) -> &World;

    /// The same story with everything as it is now, from here on apart.
    fn apart(&self) -> Self;

    /// Registers the saga, and those that it needs.
    fn register(&self, builder: Builder) -> Builder;

    /// Starts the instance, and does what else others do for it.
    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self>;

    /// What must be true however it ended.
    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str);
}

/// An orchestrator for the story.
pub(crate) async fn open<S: Story>(store: Probe, story: &S) -> Orchestrator {
    story.register(Orchestrator::builder(store)).build().await.unwrap()
}

/// One life of the process. `None` if it died at the append that `crash` says; its tasks die with it, wherever
/// they are.
pub(crate) fn live<S: Story>(data: &Data, story: &S, crash: Option<(usize, Moment)>) -> Option<Outcome<S>> {
    let runtime = data.runtime();
    let outcome = runtime.block_on(async {
        let store = data.open_once_free().await;
        let plan = store.plan();
        if let Some((append, moment)) = crash {
            plan.crash(append, moment);
        }
        tokio::select! {
            outcome = tokio::time::timeout(patience(data), run(store, story)) => {
                Some(outcome.expect("it takes too long, something hangs"))
            }
            () = plan.crashed() => None,
        }
    });
    runtime.shutdown_background();
    outcome
}

/// Runs the story to its end, trying the instance again when it is parked.
async fn run<S: Story>(store: Probe, story: &S) -> Outcome<S> {
    let builder = story.register(Orchestrator::builder(store));
    let orchestrator = builder.clock(WorldClock::new(story.world())).build().await.unwrap();
    let handle = story.begin(&orchestrator).await;
    let mut retries = 0;
    let outcome = loop {
        let outcome = handle.outcome().await.unwrap();
        if !matches!(outcome, Outcome::Parked(_)) || retries == RETRIES_MAX {
            break outcome;
        }
        retries += 1;
        match orchestrator.resolve(ID, retry()).await {
            Ok(()) | Err(Error::NotParked { .. }) => {}
            // The life before has a lease yet.
            Err(Error::Stopped { .. }) => tokio::time::sleep(Duration::from_secs(5)).await,
            Err(error) => panic!("{error}"),
        }
    };
    orchestrator.shutdown().await;
    outcome
}

/// Lets the process die at each append of the story in turn, before and after the write, and a second life go on
/// from there. Returns how often it died.
pub(crate) fn crash_everywhere<S: Story>(data: fn() -> Data, what: &str, make: impl Fn() -> S) -> usize {
    each_crash(data, what, make, |data, story, what| {
        let outcome = live(data, story, None).expect("this life has no crash");
        story.assert_sound(&outcome, what);
    })
}

/// The same, but that the next lives die too, each a little further on.
pub(crate) fn crash_again_and_again<S: Story>(what: &str, make: impl Fn() -> S) -> usize {
    each_crash(Data::memory, what, make, |data, story, what| {
        for append in 1..=4 {
            let what = format!("{what}, then at append {append}");
            if let Some(outcome) = live(data, story, Some((append, Moment::After))) {
                return story.assert_sound(&outcome, &what);
            }
        }
        let outcome = live(data, story, None).expect("this life has no crash");
        story.assert_sound(&outcome, what);
    })
}

fn each_crash<S: Story>(
    data: fn() -> Data,
    what: &str,
    make: impl Fn() -> S,
    then: impl Fn(&Data, &S, &str),
) -> usize {
    let mut crashes = 0;
    for moment in [Moment::Before, Moment::After] {
        for append in 1.. {
            assert!(append < APPENDS_MAX, "{what}: it never ends");
            let (data, story) = (data(), make());
            let what = format!("{what}, died {moment:?} append {append}");
            match live(&data, &story, Some((append, moment))) {
                None => then(&data, &story, &what),
                Some(outcome) => {
                    story.assert_sound(&outcome, &what);
                    break;
                }
            }
            crashes += 1;
        }
    }
    crashes
}

/// A batch, with the story just before it was written and just after.
struct Written<S> {
    batch: Vec<Write>,
    before: S,
    after: S,
}

/// Goes on from every prefix of what the story writes: with everything as it was right after the write, and with
/// what was done since and is not on record. Returns the names of the events that were written.
pub(crate) fn go_on_from_every_prefix<S: Story>(what: &str, make: impl Fn() -> S) -> Vec<&'static str> {
    let written = record(&make());
    assert!(!written.is_empty(), "{what}");
    for end in 1..=written.len() {
        let prefix = &written[..end];
        let mut stories = vec![("right after it", &prefix[end - 1].after)];
        stories.extend(written.get(end).map(|next| ("right before the next", &next.before)));
        for (when, story) in stories {
            let what = format!("{what}, {end} of {} batches, {when}", written.len());
            let story = story.apart();
            let outcome = live(&store_of(prefix), &story, None).expect("this life has no crash");
            story.assert_sound(&outcome, &what);
        }
    }
    written.iter().flat_map(|written| &written.batch).flat_map(events_of).collect()
}

fn events_of(write: &Write) -> Vec<&'static str> {
    match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => {
            let entry = sagas::journal::codec::decode(entry).unwrap();
            entry.events.iter().map(sagas::journal::Event::name).collect()
        }
        Write::Signal { .. } | Write::MarkUnreadable { .. } => Vec::new(),
    }
}

/// Drives the story to its end, and keeps what was written.
fn record<S: Story>(story: &S) -> Vec<Written<S>> {
    let data = Data::memory();
    let written = Arc::new(Mutex::new(Vec::new()));
    data.runtime().block_on(async {
        let store = data.open();
        watch(&store.plan(), story, &written);
        let _ = tokio::time::timeout(patience(&data), run(store, story)).await.expect("it hangs");
    });
    std::mem::take(&mut *written.lock().unwrap())
}

fn watch<S: Story>(plan: &Plan, story: &S, written: &Arc<Mutex<Vec<Written<S>>>>) {
    let (story, written) = (story.clone(), Arc::clone(written));
    plan.on_append(move |batch, moment| {
        let mut written = written.lock().unwrap();
        match moment {
            Moment::Before => {
                written.push(Written { batch: batch.to_vec(), before: story.apart(), after: story.apart() });
            }
            Moment::After => written.last_mut().unwrap().after = story.apart(),
        }
    });
}

/// A store that has exactly these writes.
fn store_of<S>(written: &[Written<S>]) -> Data {
    let store = MemoryStore::new();
    let data = Data::Memory(store.clone());
    data.runtime().block_on(async {
        let long_ago = Timestamp::from_millis(0);
        let epoch = store.join(long_ago, Timestamp::from_millis(1)).await.unwrap();
        let batch: Vec<_> = written.iter().flat_map(|written| written.batch.clone()).collect();
        assert!(batch.iter().all(|write| write.epoch().is_none_or(|of| of == epoch)), "it is of one stay");
        let results = store.append(&batch).await.unwrap();
        // A child is started again by whoever does not know that it was.
        let is_sound = |result: &Result<(), Refusal>| matches!(result, Ok(()) | Err(Refusal::Exists));
        assert!(results.iter().all(is_sound), "{results:?}");
        store.release(epoch).await.unwrap();
    });
    data
}
