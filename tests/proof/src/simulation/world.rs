//! What all parts of one run share: what was seen, what the services know, and what is yet to be drawn.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sagas::__private::StepKind;
use sagas::MemoryStore;
use tokio::time::Instant;

use super::damage::{Damage, Touch};
use super::draw::Draw;
use super::judge::Judge;
use super::place::{Life, Method, Slot, Who};
use super::plan::Family;
use super::process::{Moment, Process};
use super::seen::{Seen, Way, prints};
use super::services::{Done, Request, Rules, Service, Services, Will};
use super::weather::Weather;

/// What a run may break on purpose, to show that the judge sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flaws {
    /// The rules that services keep.
    pub(crate) rules: Rules,
    /// What is wrong with the store.
    pub(crate) store: Option<StoreFlaw>,
}

/// What a store can do that no store may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests have a store with a flaw"))]
pub(crate) enum StoreFlaw {
    /// It acknowledges some writes, and loses them.
    LosesWrites,
    /// It takes writes of a stay whose instances were handed out to another.
    TakesStale,
    /// It hands out nothing.
    HandsOutNothing,
}

impl Flaws {
    /// Nothing.
    pub(crate) const NONE: Self = Self { rules: Rules::KEPT, store: None };
}

/// How often something occurred, by its name.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// What all parts of one run share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) family: Arc<Family>,
    pub(crate) weather: Weather,
    pub(crate) flaws: Flaws,
    pub(crate) began: Instant,
    /// The one store, without faults.
    pub(crate) store: MemoryStore,
    calm: AtomicBool,
    mended: AtomicBool,
    over: AtomicBool,
    state: Mutex<State>,
}

/// What changes.
#[derive(Debug)]
struct State {
    seen: Vec<(Duration, Seen)>,
    judge: Judge,
    services: Services,
    calls: BTreeMap<(Slot, Method), u64>,
    draw: Draw,
    counts: Counts,
}

impl World {
    /// The world of a seed, to be made inside its runtime.
    pub(crate) fn new(seed: u64, flaws: Flaws) -> Arc<Self> {
        let (family, weather) = (Family::draw(seed), Weather::draw(seed));
        let state = State {
            seen: Vec::with_capacity(256),
            judge: Judge::new(Arc::clone(&family), weather.is_fair()),
            services: Services::new(flaws.rules),
            calls: BTreeMap::new(),
            draw: Draw::of(seed, &[10]),
            counts: Counts::new(),
        };
        Arc::new(Self {
            seed,
            family,
            weather,
            flaws,
            began: Instant::now(),
            store: MemoryStore::new(),
            calm: AtomicBool::new(false),
            mended: AtomicBool::new(false),
            over: AtomicBool::new(false),
            state: Mutex::new(state),
        })
    }

    /// How much time has passed.
    pub(crate) fn time(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether nothing fails any more.
    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// The weather is over.
    pub(crate) fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.see(Seen::Calm);
    }

    /// What the store fails for.
    pub(crate) fn damage(&self) -> Option<&Damage> {
        self.weather.damage.as_ref().filter(|_| !self.mended.load(Ordering::Relaxed))
    }

    /// Whether the store fails for this instance.
    pub(crate) fn is_damaged(&self, who: Who, touch: Touch) -> bool {
        self.damage().is_some_and(|damage| damage.fails(self.time(), who, touch))
    }

    /// The damage is mended.
    pub(crate) fn mend(&self) {
        self.mended.store(true, Ordering::Relaxed);
    }

    /// The run is over: what falls down with it is not seen.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Something is seen.
    pub(crate) fn see(&self, seen: Seen) {
        if !self.over.load(Ordering::Relaxed) {
            let at = self.time();
            let mut state = self.state();
            state.judge.see(at, &seen);
            state.seen.push((at, seen));
        }
    }

    /// A process comes to such a moment, and may die of it.
    pub(crate) fn passes(&self, process: &Process, moment: Moment) {
        if !self.is_calm() && process.is_hit_at(moment) {
            self.count(match moment {
                Moment::Written => "death: after a write",
                Moment::Calls => "death: before a request is sent",
                Moment::Called => "death: after a request is sent",
            });
            self.dies(process);
        }
    }

    /// A process dies.
    pub(crate) fn dies(&self, process: &Process) {
        process.die();
        if self.is_calm() {
            self.count("process ends: its clock is set right");
        } else {
            self.count("process dies");
        }
        if !self.is_calm() && self.judge(|judge| judge.drives(process.life)) {
            self.count("death: while something is under way");
        }
        self.see(Seen::Befell { life: process.life, what: "dies" });
    }

    /// Counts something that occurred.
    pub(crate) fn count(&self, what: &'static str) {
        *self.state().counts.entry(what).or_default() += 1;
    }

    /// Draws something, as the run goes.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Draw) -> T) -> T {
        draw(&mut self.state().draw)
    }

    /// What the judge knows.
    pub(crate) fn judge<T>(&self, ask: impl FnOnce(&mut Judge) -> T) -> T {
        ask(&mut self.state().judge)
    }

    /// What the services know.
    pub(crate) fn services<T>(&self, ask: impl FnOnce(&mut Services) -> T) -> T {
        ask(&mut self.state().services)
    }

    /// What the service of a step is like.
    pub(crate) fn service(&self, saga: usize, step: usize) -> Service {
        let found = self.family.saga(saga).steps().nth(step);
        let (kind, idempotent) =
            found.map_or((StepKind::ReadOnly, false), |(_, step)| (step.kind, step.idempotent));
        Service { kind, idempotent }
    }

    /// A process begins to call a service. Says how that goes.
    pub(crate) fn call(&self, life: Life, slot: Slot, method: Method, attempt: u32, runs: bool) -> Way {
        let way = {
            let mut state = self.state();
            let calls = state.calls.entry((slot, method)).or_default();
            *calls += 1;
            let words = [u64::from(slot.who.root), slot.who.step.map_or(0, |step| 1 + u64::from(step))];
            let item = slot.item.map_or(0, |item| 1 + u64::from(item));
            let more = [u64::from(slot.step), item, method as u64, *calls];
            let draw = Draw::of(self.seed, &[4, words[0], words[1], more[0], more[1], more[2], more[3]]);
            match self.weather.bad {
                Some(bad) if bad == slot.who.root => Way::HangsBefore,
                _ if self.is_calm() => Way::Well,
                _ => self.weather.way(method, draw),
            }
        };
        self.count(way.name());
        self.see(Seen::Called { life, slot, method, attempt, way, runs });
        way
    }

    /// A request is sent.
    pub(crate) fn send(
        &self,
        life: Life,
        slot: Slot,
        method: Method,
        service: Service,
        will: Will,
    ) -> Request {
        self.state().services.send(life, slot, method, service, will)
    }

    /// A request arrives.
    pub(crate) fn arrive(&self, request: &Request) -> Done {
        let done = self.state().services.arrive(request);
        let holder = self.judge(|judge| judge.holder(request.slot.who));
        if holder.is_some_and(|holder| holder.worker != request.life.worker) {
            self.count("stale: a call arrives after another worker has taken over");
        }
        self.see(Seen::Arrived { slot: request.slot, method: request.method, done });
        done
    }

    /// The names of the run: with all times, and without any.
    pub(crate) fn prints(&self) -> (u64, u64) {
        prints(&self.state().seen)
    }

    /// Everything that was seen, and when.
    #[cfg(test)]
    pub(crate) fn seen(&self) -> Vec<(Duration, Seen)> {
        self.state().seen.clone()
    }

    /// How often what occurred.
    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// The run as a timeline.
    pub(crate) fn timeline(&self) -> String {
        let state = self.state();
        let lines = state.seen.iter().map(|(at, seen)| format!("  {:>10.3}  {seen}\n", at.as_secs_f64()));
        lines.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
