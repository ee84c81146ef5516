//! A step in doubt whose compensation needs its output is settled before it is compensated.

use super::rig::*;
use crate::definition::{CompensationDefinition, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{CheckNext, Event, FailureKind, InstanceState, Next, ParkReason, Payload};
use crate::machine::AttemptEnd;

/// Its compensation needs the output and is tried at most twice; so is settling.
fn needy(name: &str) -> StepDefinition {
    let mut step = step_with(name, OutputUse::Required).idempotent();
    step.compensation =
        Some(CompensationDefinition::new("compensate", OutputUse::Required).retry(plain_retry(2)));
    step
}

fn checked(name: &str) -> StepDefinition {
    step_with(name, OutputUse::Required).check(check())
}

#[test]
fn i8_a_budget_spent_in_doubt_is_settled_by_calling_again_at_once() {
    let mut rig = Rig::begin_and_pass(chain([needy("a")]), &[]);
    for delay in [100, 200] {
        rig.fail("a", FaultKind::InDoubt);
        rig.later(delay);
    }
    assert_eq!(
        rig.fail("a", FaultKind::InDoubt),
        [
            failed("a", 3, FaultKind::InDoubt, Next::InDoubt),
            decided("a", FailureKind::InDoubt, 3),
            started("a", 4)
        ]
    );
    assert_eq!(rig.ok("a"), [succeeded("a"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn settling_ends_backoff_at_once_and_a_refusal_is_void() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy("b")], &[]);
    rig.fail("b", FaultKind::InDoubt);
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [
            failed("a", 1, FaultKind::Rejected, Next::Void),
            decided("a", FailureKind::Rejected, 1),
            started("b", 2)
        ]
    );
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [failed("b", 2, FaultKind::Rejected, Next::Void), Event::Compensated]
    );
}

#[test]
fn settling_is_tried_under_the_policy_of_the_compensation_and_parks() {
    for kind in [FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(vec![step("a"), needy("b")], &[]);
        rig.fail("b", FaultKind::InDoubt);
        rig.fail("a", FaultKind::Rejected);
        let next = Next::RetryAt(rig.after(100));
        assert_eq!(rig.fail("b", kind), [failed("b", 2, kind, next)]);
        assert_eq!(rig.later(100), [started("b", 3)]);
        let next = Next::Park(ParkReason::BudgetSpent);
        assert_eq!(rig.fail("b", kind), [failed("b", 3, kind, next)]);
        assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
        assert_eq!(rig.retry(), [resolved("b"), started("b", 4)]);
        assert_eq!(rig.ok("b"), [succeeded("b"), compensating("b", 1)]);
    }
}

#[test]
fn an_attempt_under_way_at_the_decision_is_none_of_the_settling_budget() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy("b")], &[]);
    rig.fail("a", FaultKind::Rejected);
    let next = Next::RetryAt(rig.now);
    assert_eq!(
        rig.fail("b", FaultKind::InDoubt),
        [failed("b", 1, FaultKind::InDoubt, next), started("b", 2)]
    );
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("b", FaultKind::InDoubt), [failed("b", 2, FaultKind::InDoubt, next)]);
}

#[test]
fn an_attempt_under_way_at_the_decision_without_doubt_is_void_when_nothing_was_done() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy("b")], &[]);
    rig.fail("a", FaultKind::Rejected);
    assert_eq!(
        rig.fail("b", FaultKind::NotDone),
        [failed("b", 1, FaultKind::NotDone, Next::Void), Event::Compensated]
    );
}

#[test]
fn settling_does_not_wait_for_other_compensations_but_they_wait_for_it() {
    let steps = vec![step("a"), needy("b").after(&[0]), step("c").after(&[0])];
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    rig.fail("b", FaultKind::InDoubt);
    let events = rig.fail("c", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&started("b", 2)));
    assert_eq!(rig.ok("b"), [succeeded("b"), compensating("b", 1)]);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
}

#[test]
fn a_check_that_waits_for_travelling_requests_keeps_its_time_at_the_decision() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), checked("b")], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(400);
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [failed("a", 1, FaultKind::Rejected, Next::Void), decided("a", FailureKind::Rejected, 1)]
    );
    assert_eq!(rig.machine.next_wake(), Some(rig.after(600)));
    assert_eq!(rig.later(599), []);
    assert_eq!(rig.later(1), [check_started("b", 1)]);
    let done = AttemptEnd::Succeeded(Payload::NOTHING);
    assert_eq!(rig.check_ends("b", done), [succeeded("b"), compensating("b", 1)]);
}

#[test]
fn a_check_in_backoff_is_asked_at_once_at_the_decision() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), checked("b")], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(1_000);
    rig.check_ends("b", AttemptEnd::Unknown);
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&check_started("b", 2)));
    assert_eq!(
        rig.check_ends("b", AttemptEnd::NothingDone),
        [checked_void("b", Next::Void), Event::Compensated]
    );
}

#[test]
fn a_check_under_way_at_the_decision_goes_on() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), checked("b")], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(1_000);
    rig.fail("a", FaultKind::Rejected);
    let next = CheckNext::CheckAt(rig.after(100));
    let events = rig.check_ends("b", AttemptEnd::Unknown);
    assert_eq!(events, [check_unknown("b", 1, next)]);
    assert_eq!(rig.later(100), [check_started("b", 2)]);
}

#[test]
fn a_step_that_a_repeatable_call_left_in_doubt_is_checked_no_earlier_than_its_time() {
    // Idempotent, so forward it is called again; settled by its check, since it has one.
    let mut rig = Rig::begin_and_pass(vec![step("a"), checked("b").idempotent()], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.now = rig.after(50);
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(950)));
    assert_eq!(rig.later(949), []);
    assert_eq!(rig.later(1), [check_started("b", 1)]);
}

#[test]
fn an_attempt_under_way_at_the_decision_that_ends_in_doubt_is_checked() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), checked("b")], &[]);
    rig.fail("a", FaultKind::Rejected);
    let next = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.fail("b", FaultKind::InDoubt), [failed("b", 1, FaultKind::InDoubt, next)]);
}

#[test]
fn a_step_parked_in_doubt_is_settled_at_once_when_another_one_fails() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy("b").park_in_doubt()], &[]);
    for delay in [100, 200] {
        rig.fail("b", FaultKind::InDoubt);
        rig.later(delay);
    }
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("b", FaultKind::InDoubt), [failed("b", 3, FaultKind::InDoubt, next)]);
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&started("b", 4)));
}

#[test]
fn a_parked_check_is_asked_at_once_when_another_one_fails() {
    let once = step_with("b", OutputUse::Required).check(check().retry(plain_retry(1)));
    let mut rig = Rig::begin_and_pass(vec![step("a"), once], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(1_000);
    rig.check_ends("b", AttemptEnd::Unknown);
    assert!(rig.machine.parked().is_some());
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&check_started("b", 2)));
}
