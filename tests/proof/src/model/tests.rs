//! Each promise is seen to be broken once what keeps it is taken away; and what counts as one state is one.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::{Checker, Model};

use super::action::Action;
use super::promise;
use super::run::shortest;
use super::saga::{Saga, two};
use super::services::Flaw;
use super::show::timeline;
use super::state::State;

/// The shortest way to where a promise is broken, as a timeline.
fn broken(saga: &Saga, promise: &str) -> (Vec<Action>, String) {
    let mut names = promise::always().into_iter().map(|property| property.name);
    let name = names.find(|name| name.starts_with(&format!("{promise}:"))).expect("it is a promise");
    let actions = shortest(saga, name).expect("it is broken");
    let text = timeline(saga, &actions).join("\n");
    (actions, text)
}

fn flawed(flaw: Flaw) -> Saga {
    Saga { flaw: Some(flaw), ..two() }.with_faults(2)
}

#[test]
fn every_state_of_a_small_model_keeps_the_promises_and_is_worth_it() {
    let checker = two().with_faults(2).checker().spawn_bfs().join();
    checker.assert_properties();
    assert!(checker.unique_state_count() > 5_000, "only {}", checker.unique_state_count());
}

#[test]
fn i1_a_worker_that_acts_before_its_entry_is_durable_is_seen() {
    let (actions, text) = broken(&flawed(Flaw::ActsEarly), "I1");
    assert!(actions.is_empty(), "it is broken as soon as the instance is started: {text}");
}

#[test]
fn i4_an_entry_that_does_not_say_all_is_seen() {
    let (_, text) = broken(&flawed(Flaw::LeavesOutLast), "I4");
    assert!(text.contains("hands in entry 1 of epoch 1: SagaStarted"), "{text}");
}

#[test]
fn i5_a_journal_that_cannot_be_read_is_seen() {
    let (actions, text) = broken(&flawed(Flaw::LeavesOutFirst), "I5");
    assert!(actions.is_empty(), "it is broken as soon as the instance is started: {text}");
    assert!(text.ends_with("<- I5: a journal cannot be read back"), "{text}");
}

#[test]
fn i8_a_service_that_applies_a_late_call_is_seen() {
    let (actions, text) = broken(&flawed(Flaw::AppliesLateCalls).with_faults(1), "I8");
    let compensated = text.find("a/compensate of worker B arrives").expect("it is compensated");
    let applied = text.find("a of worker A arrives: a has 1 effects, had 0").expect("it is applied");
    assert!(compensated < applied, "{text}");
    assert_eq!(actions.len(), 9, "{text}");
}

#[test]
fn i8_a_recovery_that_calls_again_what_was_running_is_seen() {
    let (_, text) = broken(&flawed(Flaw::CallsAgain).with_faults(1), "I8");
    assert!(text.contains("reads it back, and calls"), "{text}");
    assert!(text.contains("has 2 effects, had 1"), "{text}");
}

#[test]
fn i13_a_worker_that_forgets_what_it_was_to_do_is_seen() {
    let (actions, text) = broken(&flawed(Flaw::ForgetsToAct), "I13");
    assert_eq!(actions, [Action::Land { worker: 0 }, Action::Hear { worker: 0 }], "{text}");
}

#[test]
fn i14_a_client_that_is_told_too_early_is_seen() {
    let saga = Saga { cancels: 1, ..flawed(Flaw::TellsEarly) };
    let (_, text) = broken(&saga, "I14");
    assert!(text.contains("the client cancels"), "{text}");
}

#[test]
fn i15_a_store_that_takes_entries_of_an_earlier_stay_is_seen() {
    let (actions, text) = broken(&flawed(Flaw::StoreTakesAll), "I15");
    assert!(actions.iter().any(|action| matches!(action, Action::Claim { .. })), "{text}");
    assert!(text.ends_with("<- I15: an entry of an earlier stay follows the start of a later"), "{text}");
}

#[test]
fn i16_a_worker_that_goes_on_although_its_lease_has_passed_is_seen() {
    let (_, text) = broken(&flawed(Flaw::GoesOn), "I16");
    assert!(text.contains("hears that its lease has passed"), "{text}");
}

fn print(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Every state of a model, as what follows it, by its print. What is come to again in another way, with another
/// journal and other times, must be followed by the same.
fn followers(saga: &Saga) -> (HashMap<u64, Vec<u64>>, usize) {
    let (mut known, mut again) = (HashMap::new(), 0);
    let mut open: VecDeque<State> = saga.init_states().into();
    while let Some(state) = open.pop_front() {
        let next = saga.next_states(&state);
        let prints: Vec<_> = next.iter().map(print).collect();
        match known.get(&print(&state)) {
            Some(others) => {
                assert_eq!(*others, prints, "{}", saga.name);
                again += 1;
            }
            None => {
                known.insert(print(&state), prints);
                open.extend(next);
            }
        }
    }
    (known, again)
}

#[test]
fn states_that_count_as_one_are_followed_by_the_same() {
    for saga in Saga::all() {
        // With two the largest takes longer than all others together.
        let faults = if saga.name == "branches" { 1 } else { 2 };
        let (known, again) = followers(&saga.with_faults(faults));
        assert!(known.len() > 300 && again > 300, "only {} and {again}", known.len());
    }
}

#[test]
fn i13_every_way_comes_to_an_end() {
    for saga in Saga::all() {
        let (known, _) = followers(&saga.clone().with_faults(1));
        // What nothing leads to any more is taken away, until nothing is left: then no way goes round in circles.
        let mut leading: HashMap<u64, usize> = known.keys().map(|print| (*print, 0)).collect();
        for next in known.values().flatten() {
            *leading.get_mut(next).expect("it was gone through") += 1;
        }
        let mut free: Vec<u64> =
            leading.iter().filter(|(_, count)| **count == 0).map(|(print, _)| *print).collect();
        let mut taken = 0;
        while let Some(print) = free.pop() {
            taken += 1;
            for next in &known[&print] {
                let count = leading.get_mut(next).expect("it was gone through");
                *count -= 1;
                if *count == 0 {
                    free.push(*next);
                }
            }
        }
        assert_eq!(taken, known.len(), "{} goes round in circles", saga.name);
    }
}
