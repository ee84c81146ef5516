//! Forks and joins.

use super::rig::*;
use crate::fault::FaultKind;
use crate::journal::{CompensationNext, Event, FailureKind, InstanceState, Next, ParkReason};

/// `a`, then `b` and `c` at once, then `d`.
fn diamond() -> Vec<crate::definition::StepDefinition> {
    vec![step("a"), step("b").after(&[0]), step("c").after(&[0]), step("d").after(&[1, 2])]
}

#[test]
fn roots_start_at_once() {
    let (_, events) = Rig::begin(vec![step("a"), step("b"), step("c").after(&[0, 1])]);
    assert_eq!(events, [started("a", 1), started("b", 1)]);
}

#[test]
fn i1_a_fork_starts_several_steps_in_one_entry_and_a_join_waits_for_the_last() {
    let (mut rig, _) = Rig::begin(diamond());
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1), started("c", 1)]);
    assert_eq!(rig.ok("c"), [succeeded("c")]);
    assert_eq!(rig.ok("b"), [succeeded("b"), started("d", 1)]);
    assert_eq!(rig.ok("d"), [succeeded("d"), Event::Completed]);
}

#[test]
fn i11_independent_branches_compensate_at_once_and_the_fork_after_both() {
    let mut rig = Rig::begin_and_pass(diamond(), &["a", "b", "c"]);
    assert_eq!(
        rig.fail("d", FaultKind::Rejected),
        [
            failed("d", 1, FaultKind::Rejected, Next::Void),
            decided("d", FailureKind::Rejected, 1),
            compensating("c", 1),
            compensating("b", 1)
        ]
    );
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b")]);
    assert_eq!(rig.compensated("c"), [compensation_succeeded("c"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn i10_a_compensation_waits_for_attempts_that_are_under_way_behind_it() {
    let mut rig = Rig::begin_and_pass(diamond(), &["a"]);
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [failed("b", 1, FaultKind::Rejected, Next::Void), decided("b", FailureKind::Rejected, 1)]
    );
    assert_eq!(rig.ok("c"), [succeeded("c"), compensating("c", 1)]);
    assert_eq!(rig.compensated("c"), [compensation_succeeded("c"), compensating("a", 1)]);
}

#[test]
fn i7_a_second_failure_is_no_second_decision() {
    let mut rig = Rig::begin_and_pass(diamond(), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    assert_eq!(
        rig.fail("c", FaultKind::Rejected),
        [failed("c", 1, FaultKind::Rejected, Next::Void), compensating("a", 1)]
    );
    assert_eq!(rig.machine.failure().and_then(|failure| failure.step), Some(name("b")));
}

#[test]
fn what_waits_forward_at_the_decision_never_wakes_up() {
    let mut rig = Rig::begin_and_pass(diamond(), &["a"]);
    rig.fail("c", FaultKind::NotDone);
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [
            failed("b", 1, FaultKind::Rejected, Next::Void),
            decided("b", FailureKind::Rejected, 1),
            compensating("a", 1)
        ]
    );
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.later(60_000), []);
}

#[test]
fn what_waits_forward_after_doubt_is_compensated_at_the_decision() {
    let steps = vec![step("a"), step("b").after(&[0]), step("c").idempotent().after(&[0])];
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    rig.fail("c", FaultKind::InDoubt);
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [
            failed("b", 1, FaultKind::Rejected, Next::Void),
            decided("b", FailureKind::Rejected, 1),
            compensating("c", 1)
        ]
    );
}

#[test]
fn i11_the_order_holds_across_a_step_without_a_compensation() {
    let steps = chain([step("a"), read_only("look"), step("c"), step("d")]);
    let mut rig = Rig::begin_and_pass(steps, &["a", "look", "c"]);
    rig.fail("d", FaultKind::Rejected);
    assert_eq!(rig.compensated("c"), [compensation_succeeded("c"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn a_compensation_that_fails_holds_up_only_what_depends_on_it() {
    let mut rig = Rig::begin_and_pass(diamond(), &["a", "b", "c"]);
    rig.fail("d", FaultKind::Rejected);
    let next = CompensationNext::Park(ParkReason::Refused);
    assert_eq!(
        rig.compensation_fails("c", FaultKind::Rejected),
        [compensation_failed("c", 1, FaultKind::Rejected, next)]
    );
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("c"), compensating("c", 2)]);
    assert_eq!(rig.compensated("c"), [compensation_succeeded("c"), compensating("a", 1)]);
}
