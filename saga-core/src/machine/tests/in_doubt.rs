//! An attempt whose outcome is unknown.

use super::rig::*;
use crate::definition::OutputUse;
use crate::fault::FaultKind;
use crate::journal::{CheckNext, Event, FailureKind, InstanceState, Next, ParkReason, Payload};
use crate::machine::AttemptEnd;
use crate::outcome::StepState;

const DONE: AttemptEnd = AttemptEnd::Succeeded(Payload::NOTHING);

#[test]
fn an_idempotent_step_in_doubt_is_called_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a", FaultKind::InDoubt), [failed("a", 1, FaultKind::InDoubt, next)]);
    assert_eq!(rig.later(100), [started("a", 2)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), Event::Completed]);
}

#[test]
fn i8_a_step_in_doubt_that_is_not_idempotent_is_compensated_and_not_called_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    assert_eq!(
        rig.fail("b", FaultKind::InDoubt),
        [
            failed("b", 1, FaultKind::InDoubt, Next::InDoubt),
            decided("b", FailureKind::InDoubt, 1),
            compensating("b", 1)
        ]
    );
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
}

#[test]
fn i8_a_budget_spent_in_doubt_is_compensated() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    for delay in [100, 200] {
        rig.fail("a", FaultKind::InDoubt);
        rig.later(delay);
    }
    assert_eq!(
        rig.fail("a", FaultKind::InDoubt),
        [
            failed("a", 3, FaultKind::InDoubt, Next::InDoubt),
            decided("a", FailureKind::InDoubt, 3),
            compensating("a", 1)
        ]
    );
}

#[test]
fn i8_a_budget_spent_without_effect_after_an_attempt_in_doubt_is_compensated() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.later(100);
    rig.fail("a", FaultKind::NotDone);
    rig.later(200);
    assert_eq!(
        rig.fail("a", FaultKind::NotDone),
        [
            failed("a", 3, FaultKind::NotDone, Next::InDoubt),
            decided("a", FailureKind::NotDone, 3),
            compensating("a", 1)
        ]
    );
}

#[test]
fn i8_a_refusal_after_doubt_is_compensated_where_the_compensation_can_do_without_the_output() {
    for output in [OutputUse::Optional, OutputUse::Unused] {
        let mut rig = Rig::begin_and_pass(chain([step_with("a", output).idempotent()]), &[]);
        rig.fail("a", FaultKind::InDoubt);
        rig.later(100);
        assert_eq!(
            rig.fail("a", FaultKind::Rejected),
            [
                failed("a", 2, FaultKind::Rejected, Next::InDoubt),
                decided("a", FailureKind::Rejected, 2),
                compensating("a", 1)
            ]
        );
    }
}

#[test]
fn a_refusal_after_doubt_is_void_where_the_compensation_needs_the_output() {
    let steps = chain([step("a"), step_with("b", OutputUse::Required).idempotent()]);
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(100);
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [
            failed("b", 2, FaultKind::Rejected, Next::Void),
            decided("b", FailureKind::Rejected, 2),
            compensating("a", 1)
        ]
    );
}

#[test]
fn a_read_only_step_in_doubt_is_called_again_and_then_void() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), read_only("look")]), &["a"]);
    for delay in [100, 200] {
        rig.fail("look", FaultKind::InDoubt);
        rig.later(delay);
    }
    assert_eq!(
        rig.fail("look", FaultKind::InDoubt),
        [
            failed("look", 3, FaultKind::InDoubt, Next::Void),
            decided("look", FailureKind::InDoubt, 3),
            compensating("a", 1)
        ]
    );
}

#[test]
fn a_check_waits_and_finds_the_step_done() {
    let mut rig = Rig::begin_and_pass(chain([step("a").check(check()), step("b")]), &[]);
    let next = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.fail("a", FaultKind::InDoubt), [failed("a", 1, FaultKind::InDoubt, next)]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::InDoubt);
    assert_eq!(rig.later(999), []);
    assert_eq!(rig.later(1), [check_started("a", 1)]);
    assert_eq!(rig.check_ends("a", DONE), [succeeded("a"), started("b", 1)]);
}

#[test]
fn a_check_that_finds_nothing_done_is_final() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").check(check())]), &["a"]);
    rig.fail("b", FaultKind::InDoubt);
    rig.later(1_000);
    assert_eq!(
        rig.check_ends("b", AttemptEnd::NothingDone),
        [checked_void("b", Next::Void), decided("b", FailureKind::NotDone, 1), compensating("a", 1)]
    );
}

#[test]
fn a_check_that_cannot_tell_is_asked_again_and_its_spent_budget_parks() {
    let twice = check().retry(plain_retry(2));
    let mut rig = Rig::begin_and_pass(chain([step("a").check(twice)]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.later(1_000);
    let next = CheckNext::CheckAt(rig.after(100));
    assert_eq!(rig.check_ends("a", AttemptEnd::Unknown), [check_unknown("a", 1, next)]);
    assert_eq!(rig.later(100), [check_started("a", 2)]);
    let end = AttemptEnd::Failed(fault(FaultKind::Rejected));
    let next = CheckNext::Park(ParkReason::BudgetSpent);
    let fault = fault(FaultKind::Rejected);
    assert_eq!(rig.check_ends("a", end), [check_failed("a", 2, fault, next)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.reason, parked.attempts), (ParkReason::BudgetSpent, 2));
    assert_eq!(parked.message, "what the service said");
    assert_eq!(rig.retry(), [resolved("a"), check_started("a", 3)]);
    let next = CheckNext::CheckAt(rig.after(100));
    assert_eq!(rig.check_ends("a", AttemptEnd::Unknown), [check_unknown("a", 3, next)]);
}

#[test]
fn checks_are_counted_anew_in_each_doubt() {
    let mut rig =
        Rig::begin_and_pass(chain([pivot("p").check(check()), retriable("r").check(check())]), &["p"]);
    rig.fail("r", FaultKind::InDoubt);
    rig.later(1_000);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.check_ends("r", AttemptEnd::NothingDone), [checked_void("r", next)]);
    assert_eq!(rig.later(100), [started("r", 2)]);
    rig.fail("r", FaultKind::InDoubt);
    assert_eq!(rig.later(1_000), [check_started("r", 1)]);
}

#[test]
fn in_doubt_parks_where_a_person_is_to_decide_and_retry_calls_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a").park_in_doubt()]), &[]);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("a", FaultKind::InDoubt), [failed("a", 1, FaultKind::InDoubt, next)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::InDoubt);
    assert_eq!(rig.retry(), [resolved("a"), started("a", 2)]);
    // The first attempt is still unexplained, so a refusal of the second is not the whole truth.
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [
            failed("a", 2, FaultKind::Rejected, Next::InDoubt),
            decided("a", FailureKind::Rejected, 2),
            compensating("a", 1)
        ]
    );
}

#[test]
fn a_success_after_doubt_leaves_no_doubt() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent(), step("b")]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.later(100);
    rig.ok("a");
    assert!(!rig.machine.state().steps[0].own.doubt);
}
