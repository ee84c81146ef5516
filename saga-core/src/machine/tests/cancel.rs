//! Decisions that no step makes: cancelled, reverted, and the deadline.

use std::time::Duration;

use super::rig::*;
use crate::definition::{Definition, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::{Input, Pace, Unexpected};

const CANCELLED: FailureKind = FailureKind::Cancelled;

/// An instance whose deadline is a second after its start.
fn hasty(steps: Vec<StepDefinition>) -> Rig {
    let output = steps.len() - 1;
    let definition = Definition::new("saga", 1, steps, output).deadline(Duration::from_secs(1));
    Rig::begin_saga(definition, Pace::Go).0
}

#[test]
fn a_cancelled_instance_compensates_what_was_done() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why")]));
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!((failure.step, failure.kind), (None, CANCELLED));
    assert_eq!(rig.ok("b"), [succeeded("b"), compensating("b", 1)]);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn who_cancelled_is_in_the_journal_and_nobody_who_did_it_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    let cancel = |who: &str| {
        let (who, message) = (Some(who.to_owned()), "why".to_owned());
        Input::Cancel { kind: CANCELLED, who, message }
    };
    let Event::CompensationDecided { mut cause } = turned(CANCELLED, "why") else { panic!("it is one") };
    cause.who = Some("ann".to_owned());
    assert_eq!(rig.handle(cancel("ann")), [Event::CompensationDecided { cause }]);
    assert_eq!(rig.handle(cancel("bob")), []);
}

#[test]
fn i7_a_second_cancel_makes_nothing_true() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.cancel(CANCELLED).expect("it may be cancelled");
    assert_eq!(rig.cancel(CANCELLED), Ok(Vec::new()));
    assert_eq!(rig.cancel(FailureKind::Deadline), Ok(Vec::new()));
    rig.ok("b");
    assert_eq!(rig.cancel(CANCELLED), Ok(Vec::new()));
}

#[test]
fn what_waits_is_cancelled_at_once() {
    let steps = || {
        let later = Duration::from_secs(1);
        vec![step("a").conditional(), step("b").delay(later), step("c").signal(None), step("d").fan_out(2)]
    };
    let mut rig = Rig::begin_and_pass(steps(), &[]);
    assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why"), Event::Compensated]));
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.machine.question(), None);
    assert!(!rig.machine.waits_for_signal());
}

#[test]
fn i12_what_is_past_its_pivot_cannot_be_cancelled() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent(), retriable("r")]), &["a"]);
    assert_eq!(rig.cancel(CANCELLED), Err(Unexpected::PastPivot), "the pivot runs");
    rig.fail("p", FaultKind::NotDone);
    assert_eq!(rig.cancel(CANCELLED), Err(Unexpected::PastPivot), "the pivot has started");
    rig.later(100);
    rig.ok("p");
    assert_eq!(rig.cancel(CANCELLED), Err(Unexpected::PastPivot));
}

#[test]
fn a_pivot_that_has_not_started_can_be_cancelled() {
    let p = || pivot("p").idempotent();
    let mut waiting = Rig::begin_and_pass(chain([step("a"), p().delay(Duration::from_secs(1))]), &["a"]);
    let mut limited = Rig::begin_and_pass(chain([step("a"), p().max_running(1)]), &[]);
    limited.room = 0;
    limited.ok("a");
    for rig in [&mut waiting, &mut limited] {
        assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why"), compensating("a", 1)]));
        assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
    }
}

#[test]
fn what_has_ended_cannot_be_cancelled() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &["a"]);
    assert_eq!(rig.cancel(CANCELLED), Err(Unexpected::Ended));
}

#[test]
fn a_step_parked_in_doubt_is_compensated_settled_or_checked_when_it_is_cancelled() {
    let needy = step_with("b", OutputUse::Required).idempotent().park_in_doubt().retry(plain_retry(1));
    for (parked, then) in [(step("b").park_in_doubt(), compensating("b", 1)), (needy, started("b", 2))] {
        let mut rig = Rig::begin_and_pass(chain([step("a"), parked]), &["a"]);
        let next = Next::Park(ParkReason::InDoubt);
        assert_eq!(rig.fail("b", FaultKind::InDoubt), [failed("b", 1, FaultKind::InDoubt, next)]);
        assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why"), then]));
    }
}

#[test]
fn what_kept_an_instance_from_going_forward_does_not_keep_it_from_being_cancelled() {
    for reason in [ParkReason::TooManyItems, ParkReason::Panicked] {
        let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").fan_out(2)]), &["a"]);
        rig.park("b", reason);
        assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why"), compensating("a", 1)]));
    }
}

#[test]
fn a_value_that_cannot_be_read_keeps_a_cancelled_instance_parked() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").signal(None)]), &["a"]);
    rig.park("a", ParkReason::Decode);
    assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why")]));
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("a"), compensating("a", 1)]);
}

#[test]
fn a_cancel_under_a_closed_gate_is_taken_down() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").signal(None)]), &["a"]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.cancel(CANCELLED), Ok(vec![turned(CANCELLED, "why")]));
    rig.pace = Pace::Go;
    assert_eq!(rig.later(0), [compensating("a", 1)]);
}

#[test]
fn what_has_completed_without_a_pivot_can_be_reverted() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), read_only("look"), step("c")]), &["a", "look", "c"]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Completed);
    let reverted = FailureKind::Reverted;
    assert_eq!(rig.cancel(reverted), Ok(vec![turned(reverted, "why"), compensating("c", 1)]));
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.cancel(reverted), Ok(Vec::new()), "a second one is no error");
    assert_eq!(rig.compensated("c"), [compensation_succeeded("c"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
    assert_eq!(rig.cancel(reverted), Err(Unexpected::NotRevertible));
}

#[test]
fn a_reverted_instance_compensates_every_item_and_nothing_that_was_skipped() {
    let mut rig = Rig::begin_and_pass(chain([step("a").fan_out(8), step("b").conditional()]), &[]);
    rig.lists("a", 2);
    rig.ok("a/0");
    rig.ok("a/1");
    assert_eq!(rig.holds("b", false), [skipped("b"), Event::Completed]);
    let reverted = FailureKind::Reverted;
    assert_eq!(
        rig.cancel(reverted),
        Ok(vec![turned(reverted, "why"), compensating("a/1", 1), compensating("a/0", 1)])
    );
}

#[test]
fn what_cannot_be_reverted_says_so() {
    let reverted = FailureKind::Reverted;
    let mut running = Rig::begin_and_pass(chain([step("a")]), &[]);
    let mut with_pivot = Rig::begin_and_pass(chain([pivot("p").idempotent()]), &["p"]);
    let mut compensating = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    compensating.fail("b", FaultKind::Rejected);
    for rig in [&mut running, &mut with_pivot, &mut compensating] {
        assert_eq!(rig.cancel(reverted), Err(Unexpected::NotRevertible));
    }
}

#[test]
fn the_deadline_turns_an_instance_around() {
    let mut rig = hasty(chain([step("a"), step("b").signal(None)]));
    rig.later(10);
    rig.ok("a");
    assert_eq!(rig.machine.next_wake(), Some(rig.after(990)));
    assert_eq!(rig.later(989), []);
    let deadline = turned(FailureKind::Deadline, "the deadline has passed");
    assert_eq!(rig.later(1), [deadline, compensating("a", 1)]);
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn the_deadline_holds_over_a_crash_and_while_something_is_parked() {
    let mut rig = hasty(chain([step("a").park_in_doubt()]));
    rig.fail("a", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(1_000)));
    let deadline = turned(FailureKind::Deadline, "the deadline has passed");
    assert_eq!(rig.later(1_000), [deadline, compensating("a", 1)]);
}

#[test]
fn the_deadline_of_a_blocked_instance_is_no_later() {
    let mut rig = hasty(chain([step("a"), step("b").fan_out(1)]));
    rig.ok("a");
    rig.park("b", ParkReason::TooManyItems);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(1_000)));
    let deadline = turned(FailureKind::Deadline, "the deadline has passed");
    assert_eq!(rig.later(1_000), [deadline, compensating("a", 1)]);
}

#[test]
fn at_the_deadline_nothing_starts_that_would_be_taken_back_at_once() {
    let mut rig = hasty(chain([step("a"), step("b")]));
    rig.now = rig.after(1_000);
    let deadline = turned(FailureKind::Deadline, "the deadline has passed");
    assert_eq!(rig.ok("a"), [succeeded("a"), deadline, compensating("a", 1)]);
}

#[test]
fn what_ends_at_the_deadline_has_ended() {
    let mut rig = hasty(chain([step("a")]));
    rig.now = rig.after(1_000);
    assert_eq!(rig.ok("a"), [succeeded("a"), Event::Completed]);
}

#[test]
fn i12_past_the_pivot_the_deadline_only_asks_for_attention() {
    let mut rig = hasty(chain([step("a"), pivot("p").idempotent(), retriable("r").idempotent()]));
    rig.ok("a");
    assert_eq!(rig.machine.next_wake(), Some(rig.after(1_000)), "somebody has to be told");
    rig.later(999);
    assert!(!rig.machine.needs_attention());
    assert_eq!(rig.later(1), []);
    assert!(rig.machine.needs_attention());
    assert_eq!(rig.machine.next_wake(), None, "once");
    assert_eq!(rig.ok("p"), [succeeded("p"), started("r", 1)]);
    assert!(rig.machine.progress().needs_attention);
    assert_eq!(rig.ok("r"), [succeeded("r"), Event::Completed]);
    assert!(!rig.machine.needs_attention());
}

#[test]
fn the_deadline_waits_for_an_open_gate() {
    let mut rig = hasty(chain([step("a")]));
    rig.pace = Pace::Hold;
    assert_eq!(rig.later(2_000), []);
    assert!(!rig.machine.needs_attention(), "it is not too late");
    rig.pace = Pace::Go;
    assert_eq!(rig.later(0), [turned(FailureKind::Deadline, "the deadline has passed")]);
}

#[test]
fn no_journal_goes_on_after_its_end_but_by_a_revert() {
    let rig = Rig::begin_and_pass(chain([step("a")]), &["a"]);
    let mut state = rig.machine.state().clone();
    let decide = |kind| turned(kind, "why");
    assert!(state.apply(&rig.definition, &decide(CANCELLED), rig.now).is_err(), "I9");
    assert!(state.apply(&rig.definition, &decide(FailureKind::Reverted), rig.now).is_ok());
    let rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    let mut state = rig.machine.state().clone();
    assert!(state.apply(&rig.definition, &decide(FailureKind::Reverted), rig.now).is_err());
}
