//! Reading a journal back, and what its events ask for.

use std::sync::Arc;

use super::rig::*;
use crate::definition::{Definition, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::id::{Epoch, Seq};
use crate::journal::{CheckNext, CompensationNext, Entry, Event, FailureKind, Next, ParkReason};
use crate::machine::state::StepRecord;
use crate::machine::{Action, Machine, Pace, ReplayError};
use crate::time::Timestamp;

fn replay(definition: &Arc<Definition>, journal: &[Entry]) -> Result<(), ReplayError> {
    Machine::replay(definition.clone(), id(), journal).map(|_| ())
}

fn ended() -> Rig {
    Rig::begin_and_pass(chain([step("a"), step("b")]), &["a", "b"])
}

#[test]
fn an_empty_journal_is_none() {
    assert_eq!(replay(&ended().definition, &[]), Err(ReplayError::Empty));
}

#[test]
fn a_gap_is_found() {
    let mut rig = ended();
    rig.journal.remove(1);
    let gap = ReplayError::Gap { expected: Seq::new(2), found: Seq::new(3) };
    assert_eq!(replay(&rig.definition, &rig.journal), Err(gap));
    rig.journal.remove(0);
    let gap = ReplayError::Gap { expected: Seq::FIRST, found: Seq::new(3) };
    assert_eq!(replay(&rig.definition, &rig.journal), Err(gap));
}

#[test]
fn a_journal_of_another_definition_is_refused() {
    let rig = ended();
    let steps = || chain([step("a"), step("b")]);
    let others: [(&str, u32, Vec<StepDefinition>); 3] =
        [("other", 1, steps()), ("saga", 2, steps()), ("saga", 1, chain([step("a")]))];
    for (saga, version, steps) in others {
        let other = Arc::new(Definition::new(saga, version, steps, 0));
        assert!(matches!(replay(&other, &rig.journal), Err(ReplayError::OtherDefinition { .. })));
    }
}

#[test]
fn i4_a_changed_policy_does_not_change_what_a_journal_means() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent(), step("b")]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    let other = chain([step("a").idempotent().retry(plain_retry(1)).park_in_doubt(), step("b")]);
    let other = Arc::new(Definition::new("saga", 1, other, 1));
    let replayed = Machine::replay(other, id(), &rig.journal).expect("the shape is the same");
    assert_eq!(replayed.state(), rig.machine.state());
}

#[test]
fn a_journal_begins_with_the_start() {
    let rig = ended();
    let entry = |events| Entry { seq: Seq::FIRST, epoch: Epoch::new(1), at: rig.now, events };
    let found = replay(&rig.definition, &[entry(vec![started("a", 1)])]);
    assert_eq!(found, Err(ReplayError::NotStarted { event: "StepStarted" }));
}

/// Asserts that no journal goes on with `event` from where `rig` is.
fn cannot_follow(rig: &Rig, event: Event) {
    let seq = rig.journal.last().expect("it has begun").seq.next();
    let mut journal = rig.journal.clone();
    journal.push(Entry { seq, epoch: Epoch::new(1), at: rig.now, events: vec![event.clone()] });
    match replay(&rig.definition, &journal) {
        Err(ReplayError::Illegal { seq: found, .. }) => assert_eq!(found, seq),
        other => panic!("{event:?} follows: {other:?}"),
    }
}

#[test]
fn what_cannot_have_happened_is_refused() {
    let rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    cannot_follow(&rig, rig.journal[0].events[0].clone());
    cannot_follow(&rig, started("a", 2));
    cannot_follow(&rig, started("b", 2));
    cannot_follow(&rig, started("c", 1));
    cannot_follow(&rig, succeeded("a"));
    cannot_follow(&rig, failed("b", 2, FaultKind::NotDone, Next::Void));
    cannot_follow(&rig, lost("a", 1, Next::Void));
    cannot_follow(&rig, check_started("b", 1));
    cannot_follow(&rig, checked_void("b", Next::Void));
    cannot_follow(&rig, check_unknown("b", 1, CheckNext::InDoubt));
    cannot_follow(&rig, compensating("a", 1));
    cannot_follow(&rig, compensation_succeeded("a"));
    let next = CompensationNext::Park(ParkReason::Refused);
    cannot_follow(&rig, compensation_failed("a", 1, FaultKind::NotDone, next));
    cannot_follow(&rig, resolved("b"));
    cannot_follow(&rig, Event::Completed);
    cannot_follow(&rig, Event::Compensated);
}

#[test]
fn i1_no_journal_starts_a_step_before_those_before_it_are_done() {
    let (rig, _) = Rig::begin(chain([step("a"), step("b")]));
    cannot_follow(&rig, started("b", 1));
}

#[test]
fn i7_no_journal_decides_twice_or_goes_forward_after_the_decision() {
    let steps = vec![step("a"), step("b"), step("c").after(&[0])];
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    rig.fail("b", FaultKind::Rejected);
    cannot_follow(&rig, decided("b", FailureKind::Rejected, 1));
    cannot_follow(&rig, failed("c", 1, FaultKind::NotDone, Next::RetryAt(rig.now)));
    cannot_follow(&rig, Event::Completed);
}

#[test]
fn i9_no_journal_goes_on_after_the_end() {
    let rig = ended();
    cannot_follow(&rig, blocked("a", ParkReason::Decode));
    cannot_follow(&rig, Event::Completed);
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    rig.fail("a", FaultKind::Rejected);
    cannot_follow(&rig, Event::Compensated);
}

#[test]
fn i11_no_journal_compensates_before_what_is_behind() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b"), step("c")]), &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    cannot_follow(&rig, compensating("a", 1));
}

#[test]
fn no_journal_compensates_without_the_output_that_is_needed() {
    let needy = step_with("a", OutputUse::Required).idempotent().retry(plain_retry(1));
    let mut rig = Rig::begin_and_pass(vec![needy], &[]);
    rig.pace = Pace::Hold;
    rig.fail("a", FaultKind::InDoubt);
    cannot_follow(&rig, compensating("a", 1));
}

#[test]
fn no_journal_asks_waits_or_lists_where_a_step_does_not() {
    let rig = Rig::begin_and_pass(vec![step("a").signal(None), step("b").conditional(), step("c")], &[]);
    cannot_follow(&rig, held("a"));
    cannot_follow(&rig, skipped("a"));
    cannot_follow(&rig, listed("a", 1));
    cannot_follow(&rig, started("a", 1));
    cannot_follow(&rig, delayed("a", rig.now));
    cannot_follow(&rig, awaited("a", None));
    cannot_follow(&rig, missed("a", Next::Void));
    cannot_follow(&rig, started("b", 1));
    cannot_follow(&rig, delayed("b", rig.now));
    cannot_follow(&rig, received("b", "m1"));
    cannot_follow(&rig, received("c", "m1"));
    cannot_follow(&rig, delayed("c", rig.now));
}

#[test]
fn no_journal_prepares_a_step_in_ways_that_it_has_not() {
    let both = step("b").signal(None).fan_out(2);
    let (mut rig, _) = Rig::begin_at(vec![step("a"), both, step("c").fan_out(2)], Pace::Hold);
    for event in [held("a"), skipped("a"), listed("a", 1), awaited("a", None), received("a", "m1")] {
        cannot_follow(&rig, event);
    }
    cannot_follow(&rig, listed("b", 1));
    cannot_follow(&rig, started("c", 1));
    rig.pace = Pace::Go;
    rig.later(0);
    rig.fail("a", FaultKind::NotDone);
    cannot_follow(&rig, check_started("a", 1));
}

#[test]
fn what_is_asked_delayed_awaited_or_listed_is_so_once() {
    let second = std::time::Duration::from_secs(1);
    let a = step("a").conditional().delay(second).signal(Some(second)).fan_out(2);
    let mut rig = Rig::begin_and_pass(vec![a], &[]);
    rig.holds("a", true);
    cannot_follow(&rig, held("a"));
    cannot_follow(&rig, delayed("a", rig.now));
    rig.later(1_000);
    cannot_follow(&rig, awaited("a", None));
    cannot_follow(&rig, listed("a", 1));
    cannot_follow(&rig, missed("a", Next::InDoubt));
    rig.signal("a", "m1");
    cannot_follow(&rig, received("a", "m2"));
    cannot_follow(&rig, missed("a", Next::Void));
    rig.lists("a", 3);
    cannot_follow(&rig, listed("a", 3));
    cannot_follow(&rig, started("a", 1));
    cannot_follow(&rig, succeeded("a"));
}

#[test]
fn no_journal_takes_items_that_are_not_listed_or_out_of_order() {
    let mut rig = Rig::begin_and_pass(vec![step("a").fan_out(1), step("b")], &[]);
    cannot_follow(&rig, started("a/0", 1));
    rig.lists("a", 3);
    cannot_follow(&rig, started("a/2", 1));
    cannot_follow(&rig, started("a/3", 1));
    cannot_follow(&rig, succeeded("a/1"));
    cannot_follow(&rig, started("b/0", 1));
    cannot_follow(&rig, Event::Completed);
}

#[test]
fn i7_no_journal_prepares_a_step_after_the_decision_or_beside_a_parked_one() {
    let d = step("d").after(&[0]).max_running(1);
    let steps = [step("z"), step("a").park_in_doubt(), step("b").conditional(), step("c").signal(None), d];
    for kind in [FaultKind::Rejected, FaultKind::InDoubt] {
        let rig = &mut Rig::begin_and_pass(steps.to_vec(), &[]);
        rig.room = 0;
        rig.ok("z");
        rig.fail("a", kind);
        cannot_follow(rig, delayed("d", rig.now));
        cannot_follow(rig, started("d", 1));
        cannot_follow(rig, held("b"));
        cannot_follow(rig, skipped("b"));
        cannot_follow(rig, missed("c", Next::Void));
    }
}

#[test]
fn i7_no_journal_begins_a_step_that_was_ready_at_the_decision() {
    let ready = [step("b").max_running(1), step("c").max_running(1).fan_out(1)];
    for ready in ready {
        let name = ready.name.clone();
        let (mut rig, _) = Rig::begin_at(vec![step("a"), ready], Pace::Hold);
        (rig.room, rig.pace) = (0, Pace::Go);
        rig.later(0);
        rig.ok("a");
        rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
        assert_eq!(rig.machine.instance_state(), crate::journal::InstanceState::Compensating);
        cannot_follow(&rig, delayed(name.as_str(), rig.now));
        cannot_follow(&rig, started(name.as_str(), 1));
        cannot_follow(&rig, listed(name.as_str(), 1));
    }
}

#[test]
fn i8_no_journal_calls_a_step_again_that_need_not_be_settled() {
    let mut rig = Rig::begin_and_pass(vec![step("a").check(check()).park_in_doubt()], &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.pace = Pace::Hold;
    rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    cannot_follow(&rig, started("a", 2));
    cannot_follow(&rig, check_started("a", 1));
}

#[test]
fn i12_no_journal_compensates_around_a_pivot_that_may_have_been_done() {
    let rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    cannot_follow(&rig, decided("p", FailureKind::InDoubt, 1));
}

#[test]
fn events_ask_for_what_comes_next() {
    let at = Timestamp::from_millis(7);
    let wake = Some(Action::WakeAt(at));
    let kind = FaultKind::NotDone;
    let a = &name("a");
    let cases = [
        (started("a", 2), Some(Action::RunStep { step: a, item: None, attempt: 2 })),
        (check_started("a", 3), Some(Action::RunCheck { step: a, item: None, attempt: 3 })),
        (compensating("a", 4), Some(Action::RunCompensation { step: a, item: None, attempt: 4 })),
        (failed("a", 1, kind, Next::RetryAt(at)), wake.clone()),
        (failed("a", 1, kind, Next::CheckAt(at)), wake.clone()),
        (failed("a", 1, kind, Next::Void), None),
        (lost("a", 1, Next::RetryAt(at)), wake.clone()),
        (checked_void("a", Next::RetryAt(at)), wake.clone()),
        (check_unknown("a", 1, CheckNext::CheckAt(at)), wake.clone()),
        (check_unknown("a", 1, CheckNext::InDoubt), None),
        (compensation_failed("a", 1, kind, CompensationNext::RetryAt(at)), wake),
        (decided("a", FailureKind::NotDone, 1), Some(Action::CancelAttempts)),
        (Event::Completed, Some(Action::Finish)),
        (Event::Compensated, Some(Action::Finish)),
        (succeeded("a"), None),
        (started("a/7", 2), Some(Action::RunStep { step: a, item: Some(7), attempt: 2 })),
        (check_started("a/7", 3), Some(Action::RunCheck { step: a, item: Some(7), attempt: 3 })),
        (compensating("a/7", 4), Some(Action::RunCompensation { step: a, item: Some(7), attempt: 4 })),
        (delayed("a", at), Some(Action::WakeAt(at))),
        (awaited("a", Some(at)), Some(Action::WakeAt(at))),
        (awaited("a", None), None),
        (received("a", "m1"), None),
        (missed("a", Next::Void), None),
        (held("a"), None),
        (skipped("a"), None),
        (listed("a", 2), None),
        (resolved("a"), None),
        (blocked("a", ParkReason::Decode), None),
    ];
    for (event, action) in &cases {
        assert_eq!(Action::of(event), *action, "{event:?}");
    }
}

#[test]
fn an_instance_of_four_steps_takes_less_than_a_kilobyte() {
    let bytes = size_of::<Machine>() + 4 * size_of::<StepRecord>();
    assert!(bytes < 1024, "{bytes}");
}
