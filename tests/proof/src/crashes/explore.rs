//! Going through all histories of a shape.
//!
//! A life is run to its end. Wherever something could go otherwise in it, another life is run that does, up to that
//! moment the same; and from each moment at which it could have died the next life goes on. So each history is run
//! once, and none is left out.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use super::act::Act;
use super::check::Broken;
use super::history::{Died, History};
use super::life::Time;
use super::recorder::{Keep, Life};
use super::remains::Remains;
use super::run::command;
use super::script::{Deviation, Script, Wish};
use super::seen::Seen;
use super::shape::Shape;
use super::world::Rules;
use crate::print::Print;

/// A set of names that are hashes already.
pub(crate) type Prints = HashSet<u64, BuildHasherDefault<Print>>;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many histories were gone through.
    pub(crate) histories: u64,
    /// How many faults there were in them: processes that died, and deviations.
    pub(crate) faults: u64,
    /// Their names.
    pub(crate) prints: Prints,
    /// The names of the moments at which a process died, by what it had just done.
    pub(crate) moments: Prints,
    /// What is broken.
    pub(crate) violations: Vec<Violation>,
}

impl Tally {
    /// Adds what was found elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.faults += other.faults;
        self.prints.extend(other.prints);
        self.moments.extend(other.moments);
        self.violations.extend(other.violations);
    }
}

/// A history, with what is broken in it.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The shape.
    pub(crate) shape: &'static str,
    /// The script.
    pub(crate) script: String,
    /// At which moments the processes died.
    pub(crate) crashes: Vec<usize>,
    /// What is broken.
    pub(crate) broken: Vec<Broken>,
    /// What happened.
    pub(crate) timeline: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, script, crashes, broken, timeline } = self;
        writeln!(f, "{}", command(shape, script, crashes))?;
        writeln!(f, "{timeline}")?;
        broken.iter().try_for_each(|broken| writeln!(f, "  BROKEN  {broken}"))
    }
}

/// How much goes otherwise in a history at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How often a process dies.
    pub(crate) crashes: usize,
    /// At how many moments something deviates.
    pub(crate) deviations: usize,
    /// Both together, by the weight of each deviation.
    pub(crate) faults: usize,
    /// The rules that the services keep.
    pub(crate) rules: Rules,
}

/// Histories that begin with the same life, cut short at the same moment.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    script: Arc<Script>,
    died: usize,
}

/// Goes through all histories in which no process dies, and returns what is left to do.
pub(crate) fn begin<S: Shape>(time: &mut Time, limits: Limits, tally: &mut Tally) -> Vec<Job> {
    let mut jobs = Vec::new();
    let nothing = Remains::nothing(S::PLACES, limits.rules);
    let mut walk = Walk::<S> { time, limits, tally, jobs: Some(&mut jobs), shape: PhantomData };
    walk.go_on(&nothing, None, Arc::default(), Since::START);
    jobs
}

/// Goes through the histories of a job.
pub(crate) fn work<S: Shape>(time: &mut Time, limits: Limits, job: &Job, tally: &mut Tally) {
    let nothing = Remains::nothing(S::PLACES, limits.rules);
    let (life, ..) = time.live::<S>(&job.script, &nothing, Keep::Remains);
    let left_behind = life.remains.get(job.died).expect("a life that is lived again has the same moments");
    let died = Died { before: None, life: &life, at: job.died, left_behind };
    let mut walk = Walk::<S> { time, limits, tally, jobs: None, shape: PhantomData };
    walk.note_moment(&life, job.died);
    walk.go_on(left_behind, Some(&died), Arc::clone(&job.script), Since::START);
}

/// The history of a script with exactly these crashes, and what is broken in it.
///
/// # Errors
/// What never occurs in it: there is no such history.
pub(crate) fn repeat<S: Shape>(
    time: &mut Time,
    rules: Rules,
    script: &Arc<Script>,
    crashes: &[usize],
) -> Result<Violation, String> {
    follow::<S>(time, script, &Remains::nothing(S::PLACES, rules), None, crashes)
}

/// Every life but the last is really cut short.
fn follow<S: Shape>(
    time: &mut Time,
    script: &Arc<Script>,
    from: &Remains,
    before: Option<&Died<'_>>,
    crashes: &[usize],
) -> Result<Violation, String> {
    if let Some((at, rest)) = crashes.split_first()
        && let (life, Some(left_behind)) = time.die::<S>(script, from, *at)
    {
        let died = Died { before, life: &life, at: *at, left_behind: &left_behind };
        return follow::<S>(time, script, &left_behind, Some(&died), rest);
    }
    let (life, kept, stuck) = time.live::<S>(script, from, Keep::Remains);
    if let Some(at) = crashes.first() {
        let (process, moments) = (1 + before.map_or(0, Died::count), life.remains.len());
        return Err(format!(
            "there is no such history: process {process} has {moments} moments, from 0 on, and none is {at}"
        ));
    }
    let history = History { before, last: &life, kept: &kept, stuck: stuck.as_deref() };
    let missing = history.missing::<S>(script).to_text(S::PLACES);
    if !missing.is_empty() {
        return Err(format!("there is no such history: {missing} never occurs in it"));
    }
    Ok(violation::<S>(&history, script, history.judge::<S>(script)))
}

fn violation<S: Shape>(history: &History<'_>, script: &Script, broken: Vec<Broken>) -> Violation {
    Violation {
        shape: S::SHAPE,
        script: script.to_text(S::PLACES),
        crashes: history.before.map(Died::moments).unwrap_or_default(),
        broken,
        timeline: history.timeline(S::PLACES),
    }
}

/// From where on a life is another than those that were gone through before it.
#[derive(Debug, Clone, Copy)]
struct Since {
    /// Deviations before this are of lives before it.
    seen: usize,
    /// What a process leaves behind up to here is what it leaves behind in those lives.
    left_behind: usize,
}

impl Since {
    /// From its beginning.
    const START: Self = Self { seen: 0, left_behind: 0 };

    /// From the deviation on that is made at what is seen at `at`.
    const fn deviation(at: usize, act: Option<Act>) -> Self {
        let left_behind = match act {
            Some(act) if act.is_of_answer() => at + 2,
            _ => at + 1,
        };
        Self { seen: at + 1, left_behind }
    }
}

struct Walk<'a, S> {
    time: &'a mut Time,
    limits: Limits,
    tally: &'a mut Tally,
    /// Where what follows a first crash is put down instead of being gone through.
    jobs: Option<&'a mut Vec<Job>>,
    shape: PhantomData<fn() -> S>,
}

impl<S: Shape> Walk<'_, S> {
    /// Goes through the histories that go on from `from` by `script`, or by it and what deviates after `since`.
    fn go_on(&mut self, from: &Remains, before: Option<&Died<'_>>, script: Arc<Script>, since: Since) {
        let died = before.map_or(0, Died::count);
        let faults = died + script.weight();
        let may_die = died < self.limits.crashes && faults < self.limits.faults;
        let may_deviate = script.deviations.len() < self.limits.deviations && faults < self.limits.faults;
        let keep = if may_die { Keep::Remains } else { Keep::Seen };
        self.time.watch.begin(S::SHAPE, S::PLACES, &script, before.map(Died::moments).unwrap_or_default());
        let (life, kept, stuck) = self.time.live::<S>(&script, from, keep);
        self.time.watch.end();
        let history = History { before, last: &life, kept: &kept, stuck: stuck.as_deref() };
        self.judge(&history, &script, died + script.deviations.len());
        for (at, left_behind) in life.remains.iter().enumerate() {
            if left_behind.seen <= since.left_behind {
                continue;
            }
            if let Some(jobs) = &mut self.jobs {
                jobs.push(Job { script: Arc::clone(&script), died: at });
                continue;
            }
            self.note_moment(&life, at);
            let died = Died { before, life: &life, at, left_behind };
            self.go_on(left_behind, Some(&died), Arc::clone(&script), Since::START);
        }
        if may_deviate {
            self.deviate(from, before, &script, &life, since, self.limits.faults - faults);
        }
    }

    /// Goes through the lives that are like `life` until something deviates that weighs `weight_max` at most.
    fn deviate(
        &mut self,
        from: &Remains,
        before: Option<&Died<'_>>,
        script: &Script,
        life: &Life,
        since: Since,
        weight_max: usize,
    ) {
        for (at, seen) in life.seen.iter().enumerate().skip(since.seen) {
            let (Seen::Called { slot, method, call, .. } | Seen::Asked { slot, method, call, .. }) = *seen
            else {
                continue;
            };
            let acts = Act::of::<S>(method, slot);
            for act in acts.iter().filter(|act| **act != Act::Cancel || !script.wishes(Wish::Cancel)) {
                let script = script.and(Deviation::Call { slot, method, call, act: *act });
                self.go_on(from, before, Arc::new(script), Since::deviation(at, Some(*act)));
            }
        }
        let may_be = |wish: &Wish| !script.wishes(*wish) && wish.weight() <= weight_max;
        for wish in Wish::ALL.into_iter().filter(may_be) {
            // The last append is the end, which nobody can cancel.
            let is_too_late = |at: usize| wish == Wish::Cancel && at + 1 == life.appends.len();
            for (at, (seen, appends)) in life.appends.iter().enumerate() {
                if *seen > since.seen && !is_too_late(at) {
                    let script = script.and(Deviation::Wish { wish, appends: *appends });
                    self.go_on(from, before, Arc::new(script), Since::deviation(*seen - 1, None));
                }
            }
        }
        if let Some(at) = life.completed().filter(|at| *at >= since.seen && !script.reverts()) {
            let script = script.and(Deviation::Revert);
            self.go_on(from, before, Arc::new(script), Since::deviation(at, None));
        }
    }

    fn judge(&mut self, history: &History<'_>, script: &Script, faults: usize) {
        self.tally.histories += 1;
        self.tally.faults += faults as u64;
        self.tally.prints.insert(history.print(S::SHAPE));
        debug_assert_eq!(*history.missing::<S>(script).deviations, [], "what it is named by occurs in it");
        let broken = history.judge::<S>(script);
        if !broken.is_empty() {
            self.tally.violations.push(violation::<S>(history, script, broken));
        }
    }

    /// Notes that a process dies at this moment of `life`.
    fn note_moment(&mut self, life: &Life, at: usize) {
        let remains = &life.remains[at];
        let mut moment = Print::default();
        (S::SHAPE, remains.moment).hash(&mut moment);
        moment.add(life.seen[..remains.seen].last().map_or(0, Seen::print));
        self.tally.moments.insert(moment.finish());
    }
}
