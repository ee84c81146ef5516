//! Steps that wait for a message.

use std::time::Duration;

use super::rig::*;
use crate::definition::StepDefinition;
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next, ParkReason, Payload};
use crate::machine::{Input, Pace, Unexpected};
use crate::outcome::StepState;
use crate::time::Timestamp;

/// Waits a second for its message.
fn patient(name: &str) -> StepDefinition {
    step(name).signal(Some(Duration::from_secs(1)))
}

#[test]
fn a_step_waits_for_its_message_and_runs_when_it_comes() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), patient("b"), step("c")]), &[]);
    assert!(!rig.machine.waits_for_signal());
    let until = rig.after(1_000);
    assert_eq!(rig.ok("a"), [succeeded("a"), awaited("b", Some(until))]);
    assert!(rig.machine.waits_for_signal());
    assert_eq!(rig.machine.next_wake(), Some(until));
    assert_eq!(rig.machine.status().steps[1].state, StepState::Waiting);
    assert_eq!(rig.later(999), []);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1"), started("b", 1)]);
    assert!(!rig.machine.waits_for_signal());
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.ok("b"), [succeeded("b"), started("c", 1)]);
}

#[test]
fn without_a_limit_it_waits_for_ever() {
    let mut rig = Rig::begin_and_pass(chain([step("a").signal(None)]), &[]);
    assert_eq!(rig.journal[0].events[1], awaited("a", None));
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.later(1_000_000_000), []);
    assert!(!rig.machine.needs_attention(), "it waits, and is not stuck");
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1"), started("a", 1)]);
}

#[test]
fn a_message_that_comes_early_is_kept() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), patient("b")]), &[]);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1")]);
    assert_eq!(rig.crash(), [lost("a", 1, Next::InDoubt), decided_by_loss("a", 1), compensating("a", 1)]);
    let mut rig = Rig::begin_and_pass(chain([step("a"), patient("b")]), &[]);
    rig.signal("b", "m1");
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
}

#[test]
fn the_first_message_counts_and_any_other_makes_nothing_true() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), patient("b")]), &[]);
    rig.signal("b", "m1");
    assert_eq!(rig.signal("b", "m2"), []);
    assert_eq!(rig.signal("b", "m1"), []);
    rig.ok("a");
    assert_eq!(rig.signal("b", "m3"), [], "it has gone on");
    rig.ok("b");
    assert_eq!(rig.signal("b", "m4"), [], "it has ended");
}

#[test]
fn a_message_that_does_not_come_in_time_is_a_refusal() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), patient("b")]), &["a"]);
    assert_eq!(rig.later(1_000), [missed("b", Next::Void), decided_by_silence("b"), compensating("a", 1)]);
    assert_eq!(rig.machine.status().steps[1].state, StepState::Void);
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!((failure.step, failure.attempts), (Some(name("b")), 0));
    assert_eq!(rig.signal("b", "m1"), [], "it comes too late");
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn a_message_that_comes_with_the_end_of_its_time_is_taken() {
    let mut rig = Rig::begin_and_pass(chain([patient("a")]), &[]);
    rig.now = rig.after(5_000);
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1"), started("a", 1)]);
}

#[test]
fn a_limit_holds_over_a_crash_and_does_not_pass_under_a_closed_gate() {
    let mut rig = Rig::begin_and_pass(chain([patient("a")]), &[]);
    rig.now = rig.after(5_000);
    rig.pace = Pace::Hold;
    assert_eq!(rig.crash(), [], "the message may be in the inbox");
    rig.pace = Pace::Go;
    let gone = [missed("a", Next::Void), decided_by_silence("a"), Event::Compensated];
    assert_eq!(rig.handle(Input::Proceed), gone);
}

#[test]
fn i12_after_the_pivot_a_message_that_does_not_come_parks_and_retry_waits_again() {
    let late = retriable("b").idempotent().signal(Some(Duration::from_secs(1)));
    let mut rig = Rig::begin_and_pass(chain([pivot("p").idempotent(), late]), &["p"]);
    let refused = Next::Park(ParkReason::Refused);
    assert_eq!(rig.later(1_000), [missed("b", refused)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.reason, parked.attempts), (name("b"), ParkReason::Refused, 0));
    assert_eq!(parked.message, "no signal came in time");
    assert_eq!(rig.machine.status().steps[1].state, StepState::Parked);
    assert_eq!(rig.machine.next_wake(), None);
    let until = rig.after(1_000);
    assert_eq!(rig.retry(), [resolved("b"), awaited("b", Some(until))]);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1"), started("b", 1)]);
}

#[test]
fn a_message_that_comes_to_a_parked_step_is_used_on_retry() {
    let late = retriable("b").idempotent().signal(Some(Duration::from_secs(1)));
    let mut rig = Rig::begin_and_pass(chain([pivot("p").idempotent(), late]), &["p"]);
    rig.later(1_000);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("b"), started("b", 1)]);
}

#[test]
fn a_pivot_whose_message_does_not_come_turns_the_instance_around() {
    let p = pivot("p").idempotent().signal(Some(Duration::from_secs(1)));
    let mut rig = Rig::begin_and_pass(chain([step("a"), p]), &["a"]);
    assert_eq!(rig.later(1_000), [missed("p", Next::Void), decided_by_silence("p"), compensating("a", 1)]);
}

#[test]
fn a_message_beside_a_parked_step_is_taken_down_and_used_on_retry() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), patient("b")], &[]);
    rig.fail("a", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1")]);
    assert_eq!(rig.later(60_000), []);
    assert_eq!(rig.retry(), [resolved("a"), started("a", 2), started("b", 1)]);
}

#[test]
fn a_delay_is_over_before_a_message_is_awaited() {
    let mut rig = Rig::begin_and_pass(chain([patient("a").delay(Duration::from_secs(2))]), &[]);
    assert_eq!(rig.journal[0].events[1], delayed("a", rig.after(2_000)));
    let until = Timestamp::from_millis(START + 3_000);
    assert_eq!(rig.later(2_000), [awaited("a", Some(until))]);
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1"), started("a", 1)]);
}

#[test]
fn a_message_does_not_end_a_delay() {
    let mut rig = Rig::begin_and_pass(chain([patient("a").delay(Duration::from_secs(2))]), &[]);
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1")]);
    assert_eq!(rig.later(1_999), []);
    assert_eq!(rig.later(1), [started("a", 1)]);
}

#[test]
fn i7_what_waits_for_a_message_at_the_decision_never_runs() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), patient("b")], &[]);
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [
            failed("a", 1, FaultKind::Rejected, Next::Void),
            decided("a", FailureKind::Rejected, 1),
            Event::Compensated
        ]
    );
    assert_eq!(rig.signal("b", "m1"), []);
}

#[test]
fn i7_what_was_ready_when_a_message_did_not_come_never_runs() {
    let steps = vec![patient("a"), step("z"), step("b").after(&[1]).max_running(1)];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.room = 0;
    rig.ok("z");
    rig.now = rig.after(1_000);
    rig.room = 1;
    let gone = [missed("a", Next::Void), decided_by_silence("a"), compensating("z", 1)];
    assert_eq!(rig.handle(Input::Proceed), gone);
}

#[test]
fn i7_a_message_after_the_decision_makes_nothing_true() {
    let steps = vec![step("z"), step("a"), patient("b").after(&[1])];
    let mut rig = Rig::begin_and_pass(steps, &["z"]);
    rig.fail("a", FaultKind::Rejected);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.signal("b", "m1"), []);
}

#[test]
fn a_message_under_a_closed_gate_is_taken_down() {
    let mut rig = Rig::begin_and_pass(chain([patient("a")]), &[]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1")]);
    rig.pace = Pace::Go;
    assert_eq!(rig.later(5_000), [started("a", 1)]);
}

#[test]
fn a_step_that_takes_no_message_refuses_one() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    let input = Input::Signal { step: rig.index("a"), id: "m1".to_owned(), payload: Payload::NOTHING };
    assert_eq!(rig.try_handle(input), Err(Unexpected::NoSignal { step: name("a") }));
}
