//! Each check of the judge sees a history that was spoilt on purpose, and none sees anything in one that was not.

mod calls;
mod deadlines;
mod ends;
mod entries;
mod pauses;
mod told;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sagas::__private::{Definition, StepKind};
use sagas::journal::{Entry, Event};

use super::{Final, Judge};
use crate::promise::{Broken, Promise};
use crate::simulation::place::{Life, Method, Slot, Who, step_of};
use crate::simulation::plan::Family;
use crate::simulation::run::lived;
use crate::simulation::seen::{Seen, Told};
use crate::simulation::world::Flaws;

/// How many seeds are gone through for one whose history can be spoilt.
const SEEDS: u64 = 300;

/// What came of the first seeds.
static HISTORIES: LazyLock<Vec<History>> = LazyLock::new(|| (0..SEEDS).map(History::of).collect());

/// Everything that is judged of a run.
#[derive(Debug, Clone)]
struct History {
    family: Arc<Family>,
    is_fair: bool,
    seen: Vec<(Duration, Seen)>,
    end: Final,
}

/// A call of a process that runs.
#[derive(Debug, Clone, Copy)]
struct Call {
    at: usize,
    life: Life,
    slot: Slot,
    method: Method,
    attempt: u32,
}

/// An event of an entry.
#[derive(Debug, Clone, Copy)]
struct Wrote<'a> {
    at: usize,
    life: Life,
    who: Who,
    entry: &'a Entry,
    /// Which of the entry's events.
    nth: usize,
    event: &'a Event,
}

impl Wrote<'_> {
    fn slot(&self) -> Option<Slot> {
        let step = step_of(self.event.step()?.as_str())?;
        Some(Slot { who: self.who, step, item: self.event.item() })
    }
}

impl History {
    fn of(seed: u64) -> Self {
        let (world, end) = lived(seed, Flaws::NONE);
        let is_fair = world.weather.is_fair();
        Self { family: Arc::clone(&world.family), is_fair, seen: world.seen(), end }
    }

    /// What the judge finds.
    fn judged(&self) -> Vec<Broken> {
        let mut judge = Judge::new(Arc::clone(&self.family), self.is_fair);
        self.seen.iter().for_each(|(at, seen)| judge.see(*at, seen));
        judge.end(&self.end);
        judge.broken()
    }

    /// Whether an instance belonged to one stay from its beginning to its end.
    fn is_of_one_stay(&self, of: Who) -> bool {
        let mut stays = self.seen.iter().filter_map(|(_, seen)| match seen {
            Seen::Wrote { who, entry, .. } if *who == of => Some(entry.entry.epoch.get()),
            Seen::HandedOut { who, epoch, .. } if who.contains(&of) => Some(*epoch),
            _ => None,
        });
        let first = stays.next();
        stays.all(|stay| Some(stay) == first)
    }

    /// The lives that have begun a stay.
    fn lives(&self) -> Vec<Life> {
        let joined = self.seen.iter().filter_map(|(_, seen)| match seen {
            Seen::Joined { life, .. } => Some(*life),
            _ => None,
        });
        joined.collect()
    }

    fn find(&self, is: impl Fn(&Seen) -> bool) -> Option<usize> {
        self.seen.iter().position(|(_, seen)| is(seen))
    }

    fn calls(&self) -> impl Iterator<Item = Call> + '_ {
        self.seen.iter().enumerate().filter_map(|(at, (_, seen))| match *seen {
            Seen::Called { life, slot, method, attempt, runs: true, .. } => {
                Some(Call { at, life, slot, method, attempt })
            }
            _ => None,
        })
    }

    fn compensations(&self) -> impl Iterator<Item = Call> + '_ {
        self.calls().filter(|call| call.method == Method::Compensation)
    }

    fn events(&self) -> impl DoubleEndedIterator<Item = Wrote<'_>> + '_ {
        let entries = self.seen.iter().enumerate().filter_map(|(at, (_, seen))| match seen {
            Seen::Wrote { life, who, entry, .. } => Some((at, *life, *who, &*entry.entry)),
            _ => None,
        });
        entries.flat_map(|(at, life, who, entry)| {
            let events = entry.events.iter().enumerate();
            events.map(move |(nth, event)| Wrote { at, life, who, entry, nth, event })
        })
    }

    /// The event that announced a call.
    fn start(&self, call: Call) -> Option<Wrote<'_>> {
        let mut starts = self.events().filter(|wrote| {
            let (method, attempt) = match wrote.event {
                Event::StepStarted { attempt, .. } => (Method::Step, *attempt),
                Event::CheckStarted { attempt, .. } => (Method::Check, *attempt),
                Event::CompensationStarted { attempt, .. } => (Method::Compensation, *attempt),
                _ => return false,
            };
            wrote.at < call.at
                && (wrote.slot(), method, attempt) == (Some(call.slot), call.method, call.attempt)
        });
        starts.next_back()
    }

    /// Whether an instance has an event.
    fn has(&self, who: Who, is: fn(&Event) -> bool) -> bool {
        self.events().any(|wrote| wrote.who == who && is(wrote.event))
    }

    /// Whether an instance completed without ever going back.
    fn is_forward(&self, who: Who) -> bool {
        self.has(who, is_completed) && !self.has(who, is_decided)
    }

    fn was_told(&self, of: Who, is: fn(&Told) -> bool) -> bool {
        self.find(|seen| matches!(seen, Seen::Told { who, what } if *who == of && is(what))).is_some()
    }

    /// The entry of an instance after another.
    fn next_entry(&self, of: Who, after: usize) -> Option<usize> {
        let next = self.events().find(|wrote| wrote.who == of && wrote.at > after);
        next.map(|wrote| wrote.at)
    }

    /// The saga of an instance.
    fn saga(&self, who: Who) -> Option<&Definition> {
        let name = self.events().find_map(|wrote| match wrote.event {
            Event::SagaStarted { saga, .. } if wrote.who == who => Some(saga),
            _ => None,
        });
        self.family.named(name?)
    }

    /// The kind of a slot's step.
    fn kind(&self, slot: Slot) -> Option<StepKind> {
        let (_, step) = self.saga(slot.who)?.steps().nth(usize::from(slot.step))?;
        Some(step.kind)
    }

    /// Whether a step runs directly after another of the same instance.
    fn is_next(&self, later: Slot, earlier: Slot) -> bool {
        let saga = self.saga(later.who).filter(|_| later.who == earlier.who);
        let found = saga.and_then(|saga| saga.steps().nth(usize::from(later.step)));
        found.is_some_and(|(_, step)| step.after.iter().any(|at| at.get() == usize::from(earlier.step)))
    }

    /// The entry at a place, to be changed.
    fn entry(&mut self, at: usize) -> &mut Entry {
        match &mut self.seen[at].1 {
            Seen::Wrote { entry, .. } => Arc::make_mut(&mut entry.entry),
            other => panic!("{other} is no entry"),
        }
    }

    /// What is seen at one place is seen at another.
    fn shift(&mut self, from: usize, to: usize) {
        let seen = self.seen.remove(from);
        self.seen.insert(to, seen);
    }

    /// What is seen next after `at`.
    fn sees_after(&mut self, at: usize, seen: Seen) {
        let time = self.seen[at].0;
        self.seen.insert(at + 1, (time, seen));
    }
}

fn is_completed(event: &Event) -> bool {
    matches!(event, Event::Completed)
}

fn is_compensated(event: &Event) -> bool {
    matches!(event, Event::Compensated)
}

fn is_decided(event: &Event) -> bool {
    matches!(event, Event::CompensationDecided { .. })
}

/// Spoils the first history that can be spoilt so: exactly these promises are seen to be broken, one of them in these
/// words.
fn spoilt(promises: &[Promise], words: &str, spoil: impl Fn(&mut History) -> Option<()>) {
    let found = HISTORIES.iter().zip(0..).find_map(|(history, seed): (&History, u64)| {
        let mut history = history.clone();
        spoil(&mut history)?;
        Some((seed, history.judged()))
    });
    let (seed, broken) = found.expect("there is something to be spoilt");
    let seen: BTreeSet<_> = broken.iter().map(|broken| broken.promise).collect();
    assert_eq!(seen, promises.iter().copied().collect(), "seed {seed}: {broken:#?}");
    let is_said = broken.iter().any(|broken| broken.what.contains(words));
    assert!(is_said, "seed {seed}: {words:?} is not among {broken:#?}");
}

#[test]
fn nothing_is_seen_in_a_history_that_was_not_spoilt() {
    for (history, seed) in HISTORIES.iter().zip(0_u64..) {
        assert_eq!(history.judged(), [], "seed {seed}");
    }
}
