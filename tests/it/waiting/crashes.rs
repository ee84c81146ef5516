//! The process dies at every append of what waits, of parents as of children, and lives on from there.

use std::collections::BTreeSet;

use super::family::{Gift, Kit, Move, Pair};
use super::loan::{Contract, House, Loan};
use super::reminder::Reminder;
use crate::support::data::Data;
use crate::support::lives::{Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix};
use crate::support::world::{Act, World};

/// What the services of a story do.
type Script = &'static [(&'static str, &'static [Act])];

/// What is done with every story.
trait Try {
    fn with<S: Story>(&mut self, what: &str, make: impl Fn() -> S);
}

/// What is tried, by name.
fn cases(cases: &'static [(&'static str, Script)]) -> impl Iterator<Item = (&'static str, Script)> {
    cases.iter().copied()
}

fn world(script: Script) -> World {
    script.iter().fold(World::default(), |world, (step, acts)| world.script(step, acts))
}

/// Children, through every kind of end.
fn try_children(it: &mut impl Try) {
    for (what, script) in cases(&[
        ("a child", &[]),
        ("a child that is refused", &[("make", &[Act::Reject])]),
        ("a child that is tried again", &[("make", &[Act::LoseAnswer, Act::NotDone])]),
        ("a child that parks", &[("pack", &[Act::LoseAnswer])]),
        (
            "a child that is reverted",
            &[("close", &[Act::Reject]), ("make/compensate", &[Act::LoseAnswer, Act::NotDone])],
        ),
        (
            "a child that is reverted, and parks",
            &[("close", &[Act::Reject]), ("pack/compensate", &[Act::Reject])],
        ),
    ]) {
        it.with(what, || Kit { world: world(script) });
    }
    for (what, script) in cases(&[
        ("a child beside a step", &[]),
        (
            "a child that is cancelled",
            &[("make", &[Act::WaitForCancel]), ("label", &[Act::NotDone, Act::Reject])],
        ),
        (
            "a child that parks and is cancelled",
            &[("pack", &[Act::LoseAnswer]), ("label", &[Act::NotDone, Act::NotDone, Act::Reject])],
        ),
    ]) {
        it.with(what, || Pair { world: world(script) });
    }
}

/// Children of children, and children with pivots.
fn try_grandchildren(it: &mut impl Try) {
    for (what, script) in cases(&[
        ("a child of a child", &[]),
        ("a child of a child that is refused", &[("pack", &[Act::Reject])]),
        ("a child of a child that is reverted", &[("ribbon", &[Act::Reject])]),
    ]) {
        it.with(what, || Gift { world: world(script) });
    }
    for (what, script) in cases(&[
        ("children with pivots", &[("drive", &[Act::LoseAnswer]), ("load", &[Act::NotDone])]),
        ("a child with a pivot that is refused", &[("drive", &[Act::Reject])]),
    ]) {
        it.with(what, || Move { world: world(script) });
    }
}

/// Signals and times.
fn try_waits(it: &mut impl Try) {
    for (what, script) in cases(&[
        ("signals", &[]),
        ("signals, compensated", &[("pay", &[Act::Reject]), ("signed", &[Act::LoseAnswer])]),
    ]) {
        it.with(what, || Loan { world: world(script) });
        it.with(&format!("a child that waits for {what}"), || House { world: world(script) });
    }
    it.with("signals at once", || Contract { world: World::default() });
    for (what, script) in cases(&[
        ("delays", &[("note", &[Act::NotDone])]),
        ("delays, compensated", &[("remind", &[Act::Reject])]),
    ]) {
        it.with(what, || Reminder { world: world(script) });
    }
}

fn try_all(it: &mut impl Try) {
    try_children(it);
    try_grandchildren(it);
    try_waits(it);
}

struct Crash {
    data: fn() -> Data,
    crashes: usize,
}

impl Try for Crash {
    fn with<S: Story>(&mut self, what: &str, make: impl Fn() -> S) {
        self.crashes += crash_everywhere(self.data, what, make);
    }
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_what_waits_goes_on() {
    let mut crash = Crash { data: Data::memory, crashes: 0 };
    try_all(&mut crash);
    assert!(crash.crashes > 400, "only {} crashes", crash.crashes);
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_the_file_holds_what_children_need() {
    let mut crash = Crash { data: Data::sqlite, crashes: 0 };
    crash.with("a child that is reverted", || Kit { world: world(&[("close", &[Act::Reject])]) });
    crash.with("a child that waits for signals", || House { world: World::default() });
}

struct CrashAgain;

impl Try for CrashAgain {
    fn with<S: Story>(&mut self, what: &str, make: impl Fn() -> S) {
        crash_again_and_again(what, make);
    }
}

#[test]
fn i3_i5_i8_after_crashes_in_a_row_children_and_their_parents_go_on() {
    try_children(&mut CrashAgain);
    try_grandchildren(&mut CrashAgain);
}

#[test]
fn i3_i5_i8_after_crashes_in_a_row_what_waits_goes_on() {
    try_waits(&mut CrashAgain);
}

struct EveryPrefix {
    events: BTreeSet<&'static str>,
}

impl Try for EveryPrefix {
    fn with<S: Story>(&mut self, what: &str, make: impl Fn() -> S) {
        self.events.extend(go_on_from_every_prefix(what, make));
    }
}

#[test]
fn i5_i8_every_prefix_of_what_waits_is_gone_on_from() {
    let mut prefixes = EveryPrefix { events: BTreeSet::new() };
    try_all(&mut prefixes);
    for event in ["SignalAwaited", "SignalReceived", "StepDelayed", "CompensationDecided", "Resolved"] {
        assert!(prefixes.events.contains(event), "{event} is not in {:?}", prefixes.events);
    }
}
