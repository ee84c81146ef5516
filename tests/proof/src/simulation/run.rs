//! One run: what a seed comes to.

use std::sync::Arc;
use std::time::Duration;

use sagas::InstanceId;
use sagas::store::Store;
use tokio::runtime::Builder;
use tokio::time::{sleep, sleep_until};

use super::client;
use super::damage::Damage;
use super::drawn::run_on_this_thread;
use super::fleet::Fleet;
use super::judge::{Final, Kept};
use super::person;
use super::place::Who;
use super::seen::Seen;
use super::world::{Counts, Flaws, World};
use crate::crashes::bytes_of;
use crate::panics;
use crate::promise::{Broken, Promise};

/// Once the weather is over everything has ended within this time: leases pass, and every instance goes through all its
/// delays, timeouts and backoffs once more.
const END_WITHIN: Duration = Duration::from_secs(20 * 60);

/// The longest that something waits for a time that a clock has named which was ahead by a day.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How often a person looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often, where that takes a day.
const LOOK_SELDOM: Duration = Duration::from_secs(60);

/// How long it is watched that what has ended stays as it is: until the last request has arrived, and whoever stood still
/// has found out.
const AFTERWARDS: Duration = Duration::from_secs(75);

/// How long a client waits in the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a seed has come to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    /// The name of everything that was seen, times included.
    pub(crate) whole: u64,
    /// Its name without times.
    pub(crate) timeless: u64,
    /// How often what occurred.
    pub(crate) counts: Counts,
    pub(crate) broken: Vec<Broken>,
    /// What happened, if it is to be shown.
    pub(crate) text: Option<String>,
}

/// Whether a run is told as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    /// Always.
    Always,
    /// If something is broken.
    Broken,
}

/// Runs a seed.
pub(crate) fn run(seed: u64, flaws: Flaws, tell: Tell) -> Report {
    panics::watch();
    let (world, _) = lived(seed, flaws);
    if let Some(panic) = panics::seen() {
        world.judge(|judge| judge.breaks(Promise::I13, || format!("the library panics: {panic}")));
    }
    let broken = world.judge(|judge| judge.broken());
    let (whole, timeless) = world.prints();
    let text = (tell == Tell::Always || !broken.is_empty()).then(|| super::show::text(&world, &broken));
    let mut counts = world.counts();
    super::show::count(&world, &mut counts);
    Report { seed, whole, timeless, counts, broken, text }
}

/// The world of a seed after it has been lived in, and what that ended with.
pub(crate) fn lived(seed: u64, flaws: Flaws) -> (Arc<World>, Final) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O needs nothing");
    runtime.block_on(async {
        let world = World::new(seed, flaws);
        run_on_this_thread(&world.family);
        let end = live(&world).await;
        world.end();
        (world, end)
    })
}

async fn live(world: &Arc<World>) -> Final {
    let fleet = Fleet::new(world);
    fleet.numbers().for_each(|worker| fleet.start_after(worker, Duration::ZERO));
    client::begin(&fleet);
    for blow in &world.weather.blows {
        sleep_until(world.began + blow.at).await;
        fleet.befalls(*blow);
        if world.draw(|draw| draw.once_in(3))
            && let Some(running) = fleet.find(blow.worker.into())
        {
            person::resolve(&fleet, &running).await;
        }
    }
    while world.time() < world.weather.until && !has_ended(world) {
        sleep(LOOK_EVERY.min(world.weather.until.saturating_sub(world.time()))).await;
    }
    world.calm();
    fleet.calm();
    // What a clock that was ahead has named as its time, as the last thing before it was set right, is waited for.
    let late = if world.weather.has_clock_ahead() { DAY + END_WITHIN } else { Duration::ZERO };
    if world.damage().is_some_and(Damage::lasts) {
        end_all(&fleet, late).await;
        held_up(world);
    }
    world.mend();
    end_all(&fleet, late).await;
    ask_for_outcomes(&fleet).await;
    let end = end(world).await;
    world.judge(|judge| judge.end(&end));
    end
}

/// Waits until everything has ended, and stays so.
async fn end_all(fleet: &Arc<Fleet>, late: Duration) {
    let world = &fleet.world;
    let until = world.time() + END_WITHIN + late;
    loop {
        finish(fleet, until).await;
        sleep(AFTERWARDS).await;
        // A start may have been on its way for long.
        if has_ended(world) || world.time() >= until {
            break;
        }
    }
}

/// I18: while the store fails for one instance all others have come to an end. One whose start of an attempt cannot be
/// written keeps its place among those of its step that may run at once, so where there are few of these that is not
/// said.
fn held_up(world: &World) {
    if world.family.has_limits() {
        return;
    }
    let left: Vec<_> = unfinished(world);
    for who in left {
        world.judge(|judge| {
            judge.breaks(Promise::I18, || format!("{who} is held up by what is damaged of another"));
        });
    }
}

/// Waits until everything has ended, while a person looks after what is parked.
async fn finish(fleet: &Arc<Fleet>, until: Duration) {
    let world = &fleet.world;
    let since = world.time();
    let mut pick = 0;
    // What a client has asked for by now is answered, or its patience is at an end.
    sleep(LOOK_EVERY).await;
    while !has_ended(world) && world.time() < until {
        pick += 1;
        if let Some(running) = fleet.find(pick) {
            person::resolve(fleet, &running).await;
            person::signal_all(fleet, &running).await;
        }
        // What takes a day is looked at less often.
        let has_waited = world.time().saturating_sub(since);
        sleep(if has_waited < END_WITHIN { LOOK_EVERY } else { LOOK_SELDOM }).await;
    }
}

/// Whether everything that is started and can end has ended.
fn has_ended(world: &World) -> bool {
    world.judge(|judge| !judge.started().is_empty()) && unfinished(world).is_empty()
}

/// What is started and can end, and has not ended.
fn unfinished(world: &World) -> Vec<Who> {
    let damaged = world.damage().filter(|damage| damage.lasts()).map(|damage| damage.root);
    let cannot_end = [world.weather.bad, damaged];
    world.judge(|judge| {
        let mut left = judge.started();
        left.retain(|who| {
            let has_ended = judge.journal(*who).is_some_and(|journal| journal.has_ended());
            !has_ended && !cannot_end.contains(&Some(who.root))
        });
        left
    })
}

/// I2: whoever asks in the end is told how it ended.
async fn ask_for_outcomes(fleet: &Fleet) {
    let started = fleet.world.judge(|judge| judge.started());
    for who in started.into_iter().filter(|who| who.step.is_none()) {
        let Some(running) = fleet.find(who.root.into()) else { continue };
        if let Some(what) = client::outcome(&fleet.world, &running, PATIENCE, who).await {
            fleet.world.see(Seen::Told { who, what });
        }
    }
}

/// What the run ends with.
async fn end(world: &World) -> Final {
    let ids = world.judge(|judge| judge.started());
    let ids: Vec<_> = ids.iter().filter_map(|who| InstanceId::new(who.to_string()).ok()).collect();
    let stored = world.store.load(&ids).await.expect("a store in memory can be read");
    let kept = stored.into_iter().flatten().filter_map(|stored| {
        Some(Kept {
            who: Who::of(stored.head.id.as_str())?,
            state: stored.head.progress.state,
            entries: stored.entries.iter().map(bytes_of).collect(),
            signals: stored.signals.into_iter().map(|signal| signal.id).collect(),
        })
    });
    let kept = kept.collect();
    let (effects, travelling) =
        world.services(|services| (services.in_force().collect(), services.travelling()));
    Final { effects, kept, travelling, bad: world.weather.bad }
}
