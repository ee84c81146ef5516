//! The proof itself is tested: what is gone through is what happens, and what is broken is seen.

mod names;
mod occurs;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::Promise;
use super::explore::{self, Limits, Tally, Violation};
use super::life::Time;
use super::recorder::Keep;
use super::remains::Remains;
use super::script::Script;
use super::shape::Shape;
use super::shapes::{Child, Delay, Diamond, FanOut, Pivot, Signal, Three, Two};
use super::world::Rules;

/// All histories of a shape with up to so many faults.
fn all<S: Shape>(faults: usize, rules: Rules) -> Tally {
    let limits = Limits { crashes: 2, deviations: 2, faults, rules };
    let (mut time, mut tally) = (Time::new(), Tally::default());
    for job in explore::begin::<S>(&mut time, limits, &mut tally) {
        explore::work::<S>(&mut time, limits, &job, &mut tally);
    }
    tally
}

fn promises(violations: &[Violation]) -> BTreeSet<Promise> {
    violations.iter().flat_map(|violation| &violation.broken).map(|broken| broken.promise).collect()
}

fn script<S: Shape>(text: &str) -> Arc<Script> {
    Arc::new(Script::parse(text, S::PLACES).expect("it is a script"))
}

/// The timeline of a history in which nothing is broken.
fn repeat<S: Shape>(text: &str, crashes: &[usize]) -> String {
    let script = script::<S>(text);
    let found = explore::repeat::<S>(&mut Time::new(), Rules::KEPT, &script, crashes).expect("it exists");
    assert_eq!(found.broken, [], "{}", found.timeline);
    found.timeline
}

/// Compares what every life that is cut short leaves behind with what its copies say.
fn dies_as_copied<S: Shape>(text: &str) -> usize {
    let (mut time, script) = (Time::new(), script::<S>(text));
    let nothing = || Remains::nothing(S::PLACES, Rules::KEPT);
    let (life, ..) = time.live::<S>(&script, &nothing(), Keep::Remains);
    for (at, copied) in life.remains.iter().enumerate() {
        let (died, left_behind) = time.die::<S>(&script, &nothing(), at);
        let left_behind = left_behind.expect("it died");
        assert_eq!(died.seen[..left_behind.seen].len(), copied.seen, "{} at {at}", S::SHAPE);
        for (one, other) in died.seen.iter().zip(&life.seen[..copied.seen]) {
            assert_eq!(one.print(), other.print(), "{} at {at}: {one:?} {other:?}", S::SHAPE);
        }
        let of =
            |remains: &Remains| (remains.at, remains.appends, remains.moment, format!("{:?}", remains.world));
        assert_eq!(of(&left_behind), of(copied), "{} at {at}", S::SHAPE);
        let kept = |remains: &Remains| time.kept::<S>(&remains.store);
        assert_eq!(kept(&left_behind), kept(copied), "{} at {at}", S::SHAPE);
    }
    life.remains.len()
}

#[test]
fn a_life_that_is_cut_short_leaves_behind_what_was_copied_of_it() {
    let moments = dies_as_copied::<Three>("c=refused,b/compensate=timeout-done")
        + dies_as_copied::<Diamond>("d=failed-done")
        + dies_as_copied::<FanOut>("b/1=panic,b/0/compensate=not-done")
        + dies_as_copied::<Child>("c=refused,q/compensate=refused")
        + dies_as_copied::<Pivot>("c=timeout")
        + dies_as_copied::<Delay>("")
        + dies_as_copied::<Signal>("cancel@2");
    assert!(moments > 100, "only {moments}");
}

#[test]
fn what_once_went_round_in_circles_comes_to_an_end() {
    let mut time = Time::new();
    let script_of_child = script::<Child>("c=refused,q/compensate=refused");
    let parked_child = explore::repeat::<Child>(&mut time, Rules::KEPT, &script_of_child, &[]);
    let script_of_diamond = script::<Diamond>("b/check=unknown,c/compensate=timeout-done");
    let on_trial = explore::repeat::<Diamond>(&mut time, Rules::KEPT, &script_of_diamond, &[3, 0]);
    for history in [parked_child, on_trial] {
        let history = history.expect("it exists");
        assert_eq!(history.broken, [], "{}", history.timeline);
    }
}

#[test]
fn a_history_is_the_same_whenever_it_is_repeated() {
    let one = all::<Two>(2, Rules::KEPT);
    let other = all::<Two>(2, Rules::KEPT);
    assert_eq!((one.histories, one.faults), (other.histories, other.faults));
    assert_eq!(one.prints, other.prints);
    assert!(one.prints.len() > 500 && one.violations.is_empty());
}

#[test]
fn a_history_is_repeated_by_its_command_with_real_deaths() {
    let rules = Rules { refuses_late_calls: false, ..Rules::KEPT };
    let found = all::<Two>(2, rules);
    let (mut time, mut repeated) = (Time::new(), 0);
    for violation in found.violations {
        let script = script::<Two>(&violation.script);
        let again = explore::repeat::<Two>(&mut time, rules, &script, &violation.crashes);
        let again = again.expect("it exists");
        assert_eq!(again.broken, violation.broken, "{} {:?}", violation.script, violation.crashes);
        assert_eq!(again.timeline, violation.timeline);
        repeated += 1;
    }
    assert!(repeated > 10, "only {repeated}");
}

#[test]
fn i8_a_service_that_applies_a_late_call_is_seen() {
    let rules = Rules { refuses_late_calls: false, ..Rules::KEPT };
    assert_eq!(promises(&all::<Two>(2, rules).violations), [Promise::I8, Promise::I14].into());
}

#[test]
fn i8_a_service_that_takes_back_twice_is_seen() {
    let rules = Rules { takes_back_once: false, ..Rules::KEPT };
    assert_eq!(promises(&all::<Two>(2, rules).violations), [Promise::I8, Promise::I14].into());
}

#[test]
fn i13_a_service_that_refuses_to_take_back_what_never_happened_is_seen() {
    let rules = Rules { accepts_nothing: false, ..Rules::KEPT };
    assert!(promises(&all::<Three>(1, rules).violations).contains(&Promise::I13));
}

#[test]
fn i3_a_store_that_loses_what_it_acknowledged_is_seen() {
    let mut time = Time::new();
    for append in 1..=4 {
        let script = script::<Three>(&format!("lose@{append}"));
        let found = explore::repeat::<Three>(&mut time, Rules::KEPT, &script, &[]);
        let found = found.expect("it exists");
        assert!(promises(&[found]).contains(&Promise::I3), "append {append}");
    }
}

#[test]
fn a_script_is_read_as_it_is_written() {
    for text in [
        "",
        "a=refused",
        "b/0=failed-done,b/2/compensate#2=timeout",
        "c/check=unknown,cancel@7",
        "shutdown@2,leave@12",
        "revert,lose@3",
    ] {
        assert_eq!(script::<FanOut>(text).to_text(FanOut::PLACES), text);
    }
    for text in ["a", "a=lost", "x=refused", "a/x=refused", "cancel@x", "sleep@2", "a#x=refused"] {
        assert!(Script::parse(text, FanOut::PLACES).is_err(), "{text}");
    }
}

#[test]
fn what_changes_only_who_drives_an_instance_counts_as_two_faults() {
    for (text, weight) in
        [("", 0), ("a=refused,cancel@2", 2), ("leave@1,revert", 3), ("shutdown@1,leave@2", 4)]
    {
        assert_eq!(script::<Two>(text).weight(), weight, "{text}");
    }
}
