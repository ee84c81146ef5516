//! A history: lives of processes, one after the other, seen as a whole.

use std::fmt::Write as _;

use super::check::{Broken, Final, Judge, Kept, name};
use super::recorder::Life;
use super::remains::Remains;
use super::script::{Deviation, Script};
use super::seen::Seen;
use super::shape::{Place, Shape};
use crate::print::Print;

/// A life that was cut short, with those before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Died<'a> {
    /// The life before it.
    pub(crate) before: Option<&'a Self>,
    /// The life, as it would have gone on.
    pub(crate) life: &'a Life,
    /// At which of its moments it died.
    pub(crate) at: usize,
    /// What it left behind.
    pub(crate) left_behind: &'a Remains,
}

impl Died<'_> {
    /// How many lives died.
    pub(crate) fn count(&self) -> usize {
        1 + self.before.map_or(0, Self::count)
    }

    /// At which moments the lives died, the first one first.
    pub(crate) fn moments(&self) -> Vec<usize> {
        let mut moments = self.before.map(Self::moments).unwrap_or_default();
        moments.push(self.at);
        moments
    }

    /// The lives that died, the first one first, and how much was seen of each by then.
    fn lives(&self) -> Vec<(&Life, usize)> {
        let mut lives = self.before.map(Self::lives).unwrap_or_default();
        lives.push((self.life, self.left_behind.seen));
        lives
    }
}

/// Lives that died, and one that came to an end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History<'a> {
    /// The life before the last.
    pub(crate) before: Option<&'a Died<'a>>,
    /// The last one.
    pub(crate) last: &'a Life,
    /// What the store holds at the end.
    pub(crate) kept: &'a [Kept],
    /// Why it did not come to an end, if it did not.
    pub(crate) stuck: Option<&'a str>,
}

impl History<'_> {
    /// A short name of what was called, done and written, in order, and of where it died.
    pub(crate) fn print(&self, shape: &str) -> u64 {
        let mut print = Print::default();
        shape.bytes().for_each(|byte| print.add(u64::from(byte)));
        self.each(&mut |seen| print.add(seen.print()));
        std::hash::Hasher::finish(&print)
    }

    /// What is broken in it.
    pub(crate) fn judge<S: Shape>(&self, script: &Script) -> Vec<Broken> {
        let mut judge = Judge::of::<S>();
        self.each(&mut |seen| judge.see(seen));
        let (world, is_disturbed) = (&self.last.world, script.is_disturbing() || S::DEADLINE.is_some());
        judge.end(&Final { world, kept: self.kept, stuck: self.stuck, is_disturbed })
    }

    /// What a script names that never occurs in it.
    pub(crate) fn missing<S: Shape>(&self, script: &Script) -> Script {
        let (before, last) = (self.before.map(Died::lives).unwrap_or_default(), (self.last, usize::MAX));
        let lives: Vec<_> = before.into_iter().chain([last]).collect();
        let is_missing = |deviation: &&Deviation| {
            !deviation.may_be::<S>() || !lives.iter().any(|(life, seen)| deviation.occurs(life, *seen))
        };
        Script { deviations: script.deviations.iter().filter(is_missing).copied().collect() }
    }

    /// The history as a timeline.
    pub(crate) fn timeline(&self, places: &[Place]) -> String {
        let mut text = String::new();
        self.each(&mut |seen| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {}", line(seen, places));
        });
        text
    }

    fn each(&self, each: &mut impl FnMut(&Seen)) {
        lives_before(self.before, each);
        self.last.seen.iter().for_each(each);
    }
}

fn lives_before(died: Option<&Died<'_>>, each: &mut impl FnMut(&Seen)) {
    let Some(died) = died else { return };
    lives_before(died.before, each);
    let remains = died.left_behind;
    died.life.seen.iter().take(remains.seen).for_each(&mut *each);
    each(&Seen::Died(remains.moment));
}

/// One line of a timeline.
fn line(seen: &Seen, places: &[Place]) -> String {
    match seen {
        Seen::Called { slot, method, attempt, act, .. } => {
            format!("call    {} (attempt {attempt}): {act}", name(places, *slot, *method))
        }
        Seen::Asked { slot, method, act, .. } => format!("asked   {}: {act}", name(places, *slot, *method)),
        Seen::Did { slot, method, done } => format!("service {}: {done:?}", name(places, *slot, *method)),
        Seen::Answered { slot, method } => format!("answer  {}", name(places, *slot, *method)),
        Seen::Dropped { slot, method } => format!("timeout {}", name(places, *slot, *method)),
        Seen::OtherKey { slot } => {
            format!("another key at {}", name(places, *slot, super::act::Method::Step))
        }
        Seen::Wrote { id, entry, kept, .. } => {
            let events: Vec<_> = entry.events.iter().map(event_text).collect();
            let row = kept.map(|kept| format!(" [{kept}]")).unwrap_or_default();
            format!("journal {id} {}: {}{row}", entry.seq, events.join(" + "))
        }
        Seen::Signalled { id, signal, .. } => format!("signal  {id}: {signal}"),
        Seen::Unreadable { id } => format!("{id} is marked as unreadable"),
        Seen::HandedOut { instances } => format!("due     {instances} handed out"),
        Seen::Settled => "store   knows that all have got through".to_owned(),
        Seen::Told(told) => format!("client  is told {told:?}"),
        Seen::Ends => "SHUTDOWN begins".to_owned(),
        Seen::Ended => "SHUTDOWN has ended".to_owned(),
        Seen::Begins => "the next process begins".to_owned(),
        Seen::Died(moment) => format!("CRASH   {moment}"),
    }
}

/// An event in a few words.
fn event_text(event: &sagas::journal::Event) -> String {
    let step = event.step().map(|step| format!(" {step}")).unwrap_or_default();
    let item = event.item().map(|item| format!("/{item}")).unwrap_or_default();
    format!("{}{step}{item}", event.name())
}
