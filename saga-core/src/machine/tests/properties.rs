//! Any saga, any faults, any order, any decision of people: the invariants hold after every entry, and from every
//! entry the instance is brought back and driven to its end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::choices::Choices;
use super::drive::Drive;
use super::generate;
use crate::journal::{
    CheckNext, CompensationNext, Entry, Event, InstanceState, Next, ParkReason, ResolutionKind,
};

const SEEDS: u64 = 4_000;

#[test]
fn i4_to_i13_hold_in_random_sagas_with_faults_from_every_entry() {
    let mut completed = 0;
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        let run = catch_unwind(AssertUnwindSafe(|| run(seed)));
        match run {
            Ok((state, journal)) => {
                completed += u64::from(state == InstanceState::Completed);
                let events = journal.iter().flat_map(|entry| &entry.events);
                events.filter_map(sight).for_each(|sight| *seen.entry(sight).or_insert(0) += 1);
            }
            Err(cause) => {
                eprintln!("the seed is {seed}");
                resume_unwind(cause);
            }
        }
    }
    // A simulation that always ends in the same way proves little, and so does one that leaves things out.
    assert!((SEEDS / 10..SEEDS * 9 / 10).contains(&completed), "{completed} of {SEEDS} completed");
    assert_eq!(seen.len(), SIGHTS, "{seen:?}");
    assert!(seen.values().all(|times| *times >= 10), "{seen:?}");
}

fn run(seed: u64) -> (InstanceState, Vec<Entry>) {
    let mut choices = Choices::Random(seed);
    let definition = generate::definition(&mut choices);
    let faults = u32::try_from(choices.below(7)).expect("it is small");
    Drive::new(definition, choices, faults).bringing_back().run()
}

/// How many things there are that have to be seen.
const SIGHTS: usize = 10;

/// What people and crash loops do has to be seen in the runs.
fn sight(event: &Event) -> Option<&'static str> {
    const LOOP: ParkReason = ParkReason::CrashLoop;
    match event {
        Event::Resolved { how, item, .. } => Some(match (how, item) {
            (ResolutionKind::Retry, _) => "retry",
            (ResolutionKind::Skip, None) => "skip",
            (ResolutionKind::Skip, Some(_)) => "skip of an item",
            (ResolutionKind::Succeeded, None) => "success",
            (ResolutionKind::Succeeded, Some(_)) => "success of an item",
            (ResolutionKind::Void, None) => "void",
            (ResolutionKind::Void, Some(_)) => "void of an item",
        }),
        Event::AttemptLost { next: Next::Park(LOOP), .. } => Some("crash loop"),
        Event::CheckFailed { next: CheckNext::Park(LOOP), .. }
        | Event::CompensationFailed { next: CompensationNext::Park(LOOP), .. } => {
            Some("crash loop of another")
        }
        Event::CompensationDecided { cause } => cause.who.as_ref().map(|_| "cancel"),
        _ => None,
    }
}
