//! That the simulation repeats itself, that everything occurs in it, and that its judge sees what is wrong.

use super::draw::Draw;
use super::run::{Report, Tell, run};
use super::services::Rules;
use super::world::{Counts, Flaws, StoreFlaw};
use crate::promise::Promise;

fn report(seed: u64) -> Report {
    run(seed, Flaws::NONE, Tell::Broken)
}

#[test]
fn a_seed_repeats_itself_on_any_thread_and_in_any_order() {
    let seeds = 0..60;
    let prints = |seeds: &mut dyn Iterator<Item = u64>| -> Vec<(u64, u64)> {
        seeds.map(|seed| (seed, report(seed).whole)).collect()
    };
    let here = prints(&mut seeds.clone());
    let mut there = std::thread::spawn(move || prints(&mut seeds.rev())).join().unwrap();
    there.reverse();
    assert_eq!(here, there);
}

#[test]
fn everything_that_can_be_drawn_occurs() {
    let mut counts = Counts::new();
    for seed in 0..800 {
        let report = report(seed);
        assert!(report.broken.is_empty(), "{}", report.text.unwrap_or_default());
        report.counts.into_iter().for_each(|(what, count)| *counts.entry(what).or_default() += count);
    }
    let wanted = [
        "call: well",
        "call: slow",
        "call: late",
        "call: refused",
        "call: not done",
        "call: answer lost",
        "call: request lost",
        "call: hangs, done",
        "call: hangs, not done",
        "call: panics, done",
        "call: panics, not done",
        "call: unknown",
        "step: compensatable",
        "step: pivot",
        "step: retriable",
        "step: read only",
        "step: child",
        "step: conditional",
        "step: for each",
        "step: signal",
        "step: delay",
        "step: check",
        "step: max running",
        "end: completed",
        "end: compensated",
        "end: reverted",
        "end: after it was parked",
        "process dies",
        "death: while something is under way",
        "death: after a write",
        "death: before a request is sent",
        "death: after a request is sent",
        "process stands still",
        "process is shut down",
        "clock is set",
        "store: fails",
        "store: fails after",
        "store: slow",
        "store: slow after",
        "store: refuses",
        "store: fails to read one",
        "store: fails to read the head of one",
        "store: fails to write one",
        "store: fails to hand out one",
        "stale: an entry is refused",
        "store: lease lost",
        "stale: a call arrives after another worker has taken over",
        "waiting: a clock is set a day ahead",
        "waiting: a clock is set a day back",
        "method: panics",
        "client: drops what it waits with",
        "person resolves",
    ];
    let missing: Vec<_> = wanted.iter().filter(|what| !counts.contains_key(*what)).collect();
    assert!(missing.is_empty(), "{missing:?} did not occur");
}

/// Whether a promise is seen to be broken in one of the first seeds with these flaws.
fn breaks(flaws: Flaws, promise: Promise) -> bool {
    (0..3_000).any(|seed| {
        let report = run(seed, flaws, Tell::Broken);
        report.broken.iter().any(|broken| broken.promise == promise)
    })
}

fn services(rules: Rules) -> Flaws {
    Flaws { rules, ..Flaws::NONE }
}

fn store(flaw: StoreFlaw) -> Flaws {
    Flaws { store: Some(flaw), ..Flaws::NONE }
}

#[test]
fn services_that_take_back_twice_are_seen() {
    let rules = Rules { takes_back_once: false, ..Rules::KEPT };
    assert!(breaks(services(rules), Promise::I8));
}

#[test]
fn services_that_act_after_their_compensation_are_seen() {
    let rules = Rules { refuses_late_calls: false, ..Rules::KEPT };
    assert!(breaks(services(rules), Promise::I8));
}

#[test]
fn services_that_forget_their_keys_are_seen() {
    let rules = Rules { knows_its_keys: false, ..Rules::KEPT };
    assert!(breaks(services(rules), Promise::I8));
}

#[test]
fn a_store_that_loses_what_it_acknowledged_is_seen() {
    assert!(breaks(store(StoreFlaw::LosesWrites), Promise::I3));
}

#[test]
fn a_store_that_takes_the_writes_of_an_earlier_stay_is_seen() {
    assert!(breaks(store(StoreFlaw::TakesStale), Promise::I15));
}

#[test]
fn what_does_not_come_to_an_end_is_seen() {
    assert!(breaks(store(StoreFlaw::HandsOutNothing), Promise::I19));
}

#[test]
fn what_is_drawn_for_one_purpose_does_not_depend_on_another() {
    let mut first = Draw::of(7, &[1]);
    let mut other = Draw::of(7, &[2]);
    assert_ne!(first.next(), other.next());
    assert_eq!(Draw::of(7, &[1]).next(), Draw::of(7, &[1]).next());
}

#[test]
fn a_panic_of_the_library_is_seen_wherever_it_is_caught() {
    assert_eq!(report(0).broken, []);
    assert!(std::panic::catch_unwind(|| panic!("what must be true is not")).is_err());
    let broken = report(0).broken;
    assert!(matches!(&broken[..], [broken] if broken.promise == Promise::I13), "{broken:?}");
}

/// The child's input could not be said twice: when its parent was started, and when it was read to be resolved.
#[test]
fn a_child_that_could_not_be_started_is_started_once_its_parent_is_resolved() {
    let report = report(304_852);
    assert_eq!(report.broken, [], "{}", report.text.unwrap_or_default());
}

/// What was read of it came late, when it had gone on and left memory again: so nothing of that was taken, and what was
/// said to it meanwhile nobody heard.
#[test]
fn an_instance_that_was_read_before_it_went_on_is_read_once_more() {
    let report = report(48_557);
    assert_eq!(report.broken, [], "{}", report.text.unwrap_or_default());
}

/// It was called out of a line, could not be written, and was called at once again.
#[test]
fn an_instance_that_cannot_be_written_stands_in_no_line() {
    let report = report(96_981);
    assert_eq!(report.broken, [], "{}", report.text.unwrap_or_default());
}
