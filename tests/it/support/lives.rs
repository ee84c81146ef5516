//! Stories that processes live through: one instance, driven to its end by one life after another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sagas::journal::codec;
use sagas::prelude::*;
use sagas::store::{Epoch, Refusal, Store, Timestamp, Wanted, Write};
use sagas::{Builder, Error};

use super::data::Data;
use super::probe::{HandOut, Moment, Plan, Probe};
use super::process::WorldClock;
use super::world::World;
use super::{PATIENCE, retry, soon};

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
        let store = soon(data.open_once_free()).await;
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

/// What changed the store, with the story just before it and just after.
struct Change<S> {
    to: Changed,
    before: S,
    after: S,
}

/// What changed the store.
enum Changed {
    Appended(Vec<Write>),
    HandedOut(HandOut),
}

/// Goes on from every prefix of what changed the store: with everything as it was right after the change, and with
/// what was done since and is not on record. Returns the names of the events that were written.
pub(crate) fn go_on_from_every_prefix<S: Story>(what: &str, make: impl Fn() -> S) -> Vec<&'static str> {
    let changes = record(&make());
    assert!(!changes.is_empty(), "{what}");
    for end in 1..=changes.len() {
        let prefix = &changes[..end];
        let mut stories = vec![("right after it", &prefix[end - 1].after)];
        stories.extend(changes.get(end).map(|next| ("right before the next", &next.before)));
        for (when, story) in stories {
            let what = format!("{what}, {end} of {} changes, {when}", changes.len());
            let story = story.apart();
            let outcome = live(&store_of(prefix), &story, None).expect("this life has no crash");
            story.assert_sound(&outcome, &what);
        }
    }
    changes.iter().flat_map(|change| events_of(&change.to)).collect()
}

fn events_of(changed: &Changed) -> Vec<&'static str> {
    let Changed::Appended(batch) = changed else { return Vec::new() };
    let entries = batch.iter().filter_map(|write| match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => Some(codec::decode(entry).unwrap()),
        Write::Signal { .. } | Write::MarkUnreadable { .. } => None,
    });
    entries.flat_map(|entry| entry.events).map(|event| event.name()).collect()
}

/// Drives the story to its end, and keeps what changed its store.
fn record<S: Story>(story: &S) -> Vec<Change<S>> {
    let data = Data::memory();
    let changes = Arc::new(Mutex::new(Vec::new()));
    data.runtime().block_on(async {
        let store = data.open();
        watch(&store.plan(), story, &changes);
        let _ = tokio::time::timeout(patience(&data), run(store, story)).await.expect("it hangs");
    });
    std::mem::take(&mut *changes.lock().unwrap())
}

fn watch<S: Story>(plan: &Plan, story: &S, changes: &Arc<Mutex<Vec<Change<S>>>>) {
    let now = story.clone();
    let change = move |to| Change { to, before: now.apart(), after: now.apart() };
    plan.on_append({
        let (story, changes, change) = (story.clone(), Arc::clone(changes), change.clone());
        move |batch, moment| {
            let mut changes = changes.lock().unwrap();
            match moment {
                Moment::Before => changes.push(change(Changed::Appended(batch.to_vec()))),
                Moment::After => changes.last_mut().unwrap().after = story.apart(),
            }
        }
    });
    let changes = Arc::clone(changes);
    plan.on_hand_out(move |hand_out| changes.lock().unwrap().push(change(Changed::HandedOut(hand_out))));
}

/// A store that was changed in exactly this way.
fn store_of<S>(changes: &[Change<S>]) -> Data {
    let store = MemoryStore::new();
    let data = Data::Memory(store.clone());
    data.runtime().block_on(async {
        let epoch = store.join(Timestamp::from_millis(0), Timestamp::NEVER).await.unwrap();
        for change in changes {
            match &change.to {
                Changed::Appended(batch) => append(&store, epoch, batch).await,
                Changed::HandedOut(HandOut::Due(now, limit)) => {
                    drop(store.due(epoch, *now, *limit).await.unwrap());
                }
                Changed::HandedOut(HandOut::One(id)) => {
                    let now = Timestamp::from_millis(0);
                    drop(store.claim(epoch, now, Wanted::One(id)).await.unwrap());
                }
            }
        }
        store.release(epoch).await.unwrap();
    });
    data
}

async fn append(store: &MemoryStore, epoch: Epoch, batch: &[Write]) {
    assert!(batch.iter().all(|write| write.epoch().is_none_or(|of| of == epoch)), "it is of one stay");
    let results = store.append(batch).await.unwrap();
    // A child is started again by whoever does not know that it was.
    let is_sound = |result: &Result<(), Refusal>| matches!(result, Ok(()) | Err(Refusal::Exists));
    assert!(results.iter().all(is_sound), "{results:?}");
}
