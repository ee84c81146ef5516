//! Each checker sees a history that was spoilt on purpose, and none sees anything in one that was not.

mod answers;

use std::collections::BTreeSet;
use std::sync::Arc;

use sagas::journal::{Cause, Entry, Event, FailureKind, InstanceState};

use super::{Final, Judge, Promise};
use crate::crashes::act::{Act, Method};
use crate::crashes::life::Time;
use crate::crashes::recorder::Keep;
use crate::crashes::remains::Remains;
use crate::crashes::script::Script;
use crate::crashes::seen::{Ending, Seen, Told};
use crate::crashes::shape::{Shape, Slot};
use crate::crashes::shapes::{Pivot, Three};
use crate::crashes::world::Rules;
use crate::panics;

const A: Slot = Slot { place: 0, item: None };
const B: Slot = Slot { place: 1, item: None };
const C: Slot = Slot { place: 2, item: None };

/// What goes well, and what compensates.
const WELL: &str = "";
const REFUSED: &str = "c=refused";

/// The promises that are broken in the history of a script once it was spoilt.
fn spoilt<S: Shape>(text: &str, spoil: impl FnOnce(&mut Vec<Seen>)) -> BTreeSet<Promise> {
    let script = Arc::new(Script::parse(text, S::PLACES).expect("it is a script"));
    let nothing = Remains::nothing(S::PLACES, Rules::KEPT);
    let (mut life, mut kept, stuck) = Time::new().live::<S>(&script, &nothing, Keep::Seen);
    spoil(&mut life.seen);
    // What was spoilt is what was written, so that only the checker that is meant has something to see.
    let entries = life.seen.iter().filter_map(|seen| match seen {
        Seen::Wrote { bytes, .. } => Some(*bytes),
        _ => None,
    });
    kept[0].entries = entries.collect();
    let mut judge = Judge::of::<S>();
    life.seen.iter().for_each(|seen| judge.see(seen));
    let is_disturbed = script.is_disturbing();
    let end = Final { world: &life.world, kept: &kept, stuck: stuck.as_deref(), is_disturbed };
    judge.end(&end).into_iter().map(|broken| broken.promise).collect()
}

fn only(promise: Promise) -> BTreeSet<Promise> {
    [promise].into()
}

/// Where something is seen first.
fn first(seen: &[Seen], is: impl Fn(&Seen) -> bool) -> usize {
    seen.iter().position(is).expect("it is seen")
}

fn is_call(of: Slot, by: Method) -> impl Fn(&Seen) -> bool {
    move |seen| matches!(seen, Seen::Called { slot, method, .. } if *slot == of && *method == by)
}

/// The entry with an event that `is`, to be changed.
fn entry(seen: &mut [Seen], is: impl Fn(&Event) -> bool) -> &mut Entry {
    let entries = seen.iter_mut().filter_map(|seen| match seen {
        Seen::Wrote { entry, .. } => Some(Arc::make_mut(entry)),
        _ => None,
    });
    entries.into_iter().find(|entry| entry.events.iter().any(&is)).expect("it was written")
}

fn decision(kind: FailureKind) -> Event {
    let message = "nobody said so".to_owned();
    let cause = Cause { step: None, item: None, kind, code: None, message, attempts: 0, who: None };
    Event::CompensationDecided { cause }
}

fn is_completed(event: &Event) -> bool {
    matches!(event, Event::Completed)
}

#[test]
fn nothing_is_seen_in_a_history_that_was_not_spoilt() {
    for text in [
        WELL,
        REFUSED,
        "b=failed",
        "c=panic",
        "cancel@2",
        "revert",
        "shutdown@3",
        "leave@2",
        "b=refused,a/compensate=refused",
    ] {
        assert_eq!(spoilt::<Three>(text, |_| {}), BTreeSet::new(), "{text}");
    }
    for text in [WELL, REFUSED, "c=failed", "cancel@1"] {
        assert_eq!(spoilt::<Pivot>(text, |_| {}), BTreeSet::new(), "{text}");
    }
}

#[test]
fn i1_a_step_that_runs_before_its_start_is_durable() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let call = first(seen, is_call(B, Method::Step));
        let call = seen.remove(call);
        let start = first(seen, |seen| matches!(seen, Seen::Wrote { entry, .. } if entry.seq.get() == 2));
        seen.insert(start, call);
    });
    assert_eq!(broken, only(Promise::I1));
}

#[test]
fn i2_a_client_that_is_told_what_is_not_durable() {
    let tells = |told: Told| move |seen: &mut Vec<Seen>| seen.insert(0, Seen::Told(told));
    for told in [Told::Started, Told::Signalled("approved"), Told::Resolved, Told::Outcome(Ending::Completed)]
    {
        assert_eq!(spoilt::<Three>(WELL, tells(told)), only(Promise::I2), "{told:?}");
    }
    for told in [Told::Cancelled, Told::Reverted, Told::NotRevertible] {
        assert!(spoilt::<Three>(WELL, tells(told)).contains(&Promise::I2), "{told:?}");
    }
}

#[test]
fn i3_a_gap_in_the_journal() {
    let broken = spoilt::<Three>(REFUSED, |seen| {
        let entry = first(seen, |seen| matches!(seen, Seen::Wrote { entry, .. } if entry.seq.get() == 2));
        seen.remove(entry);
    });
    assert!(broken.contains(&Promise::I3), "{broken:?}");
}

#[test]
fn i4_a_row_that_does_not_say_what_the_journal_says() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let entry = first(seen, |seen| matches!(seen, Seen::Wrote { entry, .. } if entry.seq.get() == 2));
        if let Seen::Wrote { kept, .. } = &mut seen[entry] {
            *kept = Some(InstanceState::Compensating);
        }
    });
    assert_eq!(broken, only(Promise::I4));
}

#[test]
fn i4_a_state_in_memory_that_is_not_the_fold_of_the_journal() {
    let script = Arc::new(Script::default());
    let nothing = Remains::nothing(Three::PLACES, Rules::KEPT);
    let mut time = Time::new();
    let (life, kept, _) = time.live::<Three>(&script, &nothing, Keep::Seen);
    let caught = std::panic::catch_unwind(|| {
        panic!("the state of it in memory is not the fold of its journal after entry 2");
    });
    assert!(caught.is_err());
    // Whatever catches the panic, it is seen.
    let stuck = panics::seen();
    let mut judge = Judge::of::<Three>();
    life.seen.iter().for_each(|seen| judge.see(seen));
    let end = Final { world: &life.world, kept: &kept, stuck: stuck.as_deref(), is_disturbed: false };
    let broken: BTreeSet<_> = judge.end(&end).into_iter().map(|broken| broken.promise).collect();
    assert_eq!(broken, only(Promise::I4));
}

#[test]
fn i5_a_journal_that_cannot_be_read() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let id = sagas::InstanceId::new(crate::crashes::shape::ID).expect("it is an id");
        seen.push(Seen::Unreadable { id });
    });
    assert_eq!(broken, only(Promise::I5));
}

#[test]
fn i6_a_step_that_succeeds_twice() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let succeeded = |event: &Event| matches!(event, Event::StepSucceeded { .. });
        let entry = entry(seen, succeeded);
        let again = entry.events.iter().find(|event| succeeded(event)).cloned();
        entry.events.splice(0..0, again);
    });
    assert_eq!(broken, only(Promise::I6));
}

#[test]
fn i7_a_decision_that_is_made_twice() {
    let broken = spoilt::<Three>(REFUSED, |seen| {
        let decided = |event: &Event| matches!(event, Event::CompensationDecided { .. });
        entry(seen, decided).events.insert(0, decision(FailureKind::Cancelled));
    });
    assert_eq!(broken, only(Promise::I7));
    let broken = spoilt::<Three>(REFUSED, |seen| {
        entry(seen, |event| matches!(event, Event::Compensated)).events.push(Event::Completed);
    });
    assert!(broken.contains(&Promise::I7), "{broken:?}");
}

#[test]
fn i7_a_compensation_that_nobody_decided() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let call = first(seen, is_call(B, Method::Step));
        let (slot, method, attempt, call_number) = (A, Method::Compensation, 0, 1);
        seen.insert(call, Seen::Called { slot, method, attempt, call: call_number, act: Act::Succeed });
    });
    assert!(broken.contains(&Promise::I7), "{broken:?}");
}

#[test]
fn i9_a_call_or_an_entry_after_the_end() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let call = first(seen, is_call(C, Method::Step));
        let call = seen.remove(call);
        seen.push(call);
    });
    assert!(broken.contains(&Promise::I9), "{broken:?}");
    let broken = spoilt::<Three>(WELL, |seen| {
        let last = seen.iter().rposition(|seen| matches!(seen, Seen::Wrote { .. })).expect("it was written");
        let mut again = seen[last].clone();
        if let Seen::Wrote { entry, .. } = &mut again {
            let next = entry.seq.next();
            *Arc::make_mut(entry) = Entry { seq: next, events: Vec::new(), ..(**entry).clone() };
        }
        seen.push(again);
    });
    assert_eq!(broken, only(Promise::I9));
}

#[test]
fn i10_a_compensation_while_its_step_is_running_or_with_another_key() {
    let broken = spoilt::<Three>(REFUSED, |seen| {
        let answer =
            |seen: &Seen| matches!(seen, Seen::Answered { slot, method: Method::Step } if *slot == B);
        let answer = first(seen, answer);
        let answer = seen.remove(answer);
        let call = first(seen, is_call(B, Method::Compensation));
        seen.insert(call + 1, answer);
    });
    assert_eq!(broken, only(Promise::I10));
    let broken = spoilt::<Three>(REFUSED, |seen| seen.push(Seen::OtherKey { slot: B }));
    assert_eq!(broken, only(Promise::I10));
}

#[test]
fn i11_compensations_in_another_order() {
    let broken = spoilt::<Three>(REFUSED, |seen| {
        let first_call = first(seen, is_call(B, Method::Compensation));
        let second = first(seen, is_call(A, Method::Compensation));
        seen.swap(first_call, second);
    });
    assert!(broken.contains(&Promise::I11), "{broken:?}");
}

#[test]
fn i12_a_decision_to_go_back_after_the_pivot() {
    let broken = spoilt::<Pivot>(WELL, |seen| {
        entry(seen, is_completed).events.retain(|event| !is_completed(event));
        entry(seen, |event| matches!(event, Event::StepSucceeded { step, .. } if step.as_str() == "c"))
            .events
            .push(decision(FailureKind::Cancelled));
    });
    assert!(broken.contains(&Promise::I12), "{broken:?}");
}

#[test]
fn i13_what_does_not_come_to_an_end() {
    let broken = spoilt::<Three>(WELL, |seen| {
        let end =
            |seen: &Seen| matches!(seen, Seen::Wrote { entry, .. } if entry.events.iter().any(is_completed));
        let end = first(seen, end);
        seen.truncate(end);
    });
    assert!(broken.contains(&Promise::I13), "{broken:?}");
}

#[test]
fn i14_what_completes_although_it_was_taken_back() {
    for told in [Told::Cancelled, Told::Reverted] {
        let broken = spoilt::<Three>(WELL, |seen| seen.push(Seen::Told(told)));
        assert!(broken.contains(&Promise::I14), "{broken:?}");
    }
}

#[test]
fn i14_a_process_that_goes_on_after_it_was_shut_down() {
    let shut_down = "b=refused,shutdown@2";
    // What another process does is what this one does, if none begins.
    let goes_on = spoilt::<Three>(shut_down, |seen| seen.retain(|seen| !matches!(seen, Seen::Begins)));
    assert_eq!(goes_on, only(Promise::I14));
    // It starts something new before it has ended.
    let starts = spoilt::<Three>(shut_down, |seen| {
        seen.retain(|seen| !matches!(seen, Seen::Begins | Seen::Ended));
    });
    assert_eq!(starts, only(Promise::I14));
    // It has ended, and a call has not.
    let early = spoilt::<Three>(shut_down, |seen| {
        let call = first(seen, is_call(B, Method::Step));
        seen.insert(call + 1, Seen::Ended);
        seen.insert(call + 2, Seen::Begins);
    });
    assert_eq!(early, only(Promise::I14));
}
