//! Compensations that fail, and what is under way at the decision.

use super::rig::*;
use crate::definition::{CompensationDefinition, OutputUse};
use crate::fault::FaultKind;
use crate::journal::{CheckNext, CompensationNext, Event, InstanceState, Next, ParkReason};
use crate::machine::{AttemptEnd, Input, Unexpected};
use crate::outcome::StepState;

#[test]
fn i10_a_failed_compensation_is_tried_again() {
    for kind in [FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
        rig.fail("b", FaultKind::Rejected);
        let next = CompensationNext::RetryAt(rig.after(100));
        assert_eq!(rig.compensation_fails("a", kind), [compensation_failed("a", 1, kind, next)]);
        assert_eq!(rig.machine.status().steps[0].state, StepState::Compensating);
        assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
        assert_eq!(rig.later(99), []);
        assert_eq!(rig.later(1), [compensating("a", 2)]);
        assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
    }
}

#[test]
fn a_compensation_with_a_limit_parks_when_its_budget_is_spent() {
    let mut limited = step("a");
    limited.compensation =
        Some(CompensationDefinition::new("compensate", OutputUse::Optional).retry(plain_retry(2)));
    let mut rig = Rig::begin_and_pass(chain([limited, step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::NotDone);
    rig.later(100);
    let next = CompensationNext::Park(ParkReason::BudgetSpent);
    assert_eq!(
        rig.compensation_fails("a", FaultKind::NotDone),
        [compensation_failed("a", 2, FaultKind::NotDone, next)]
    );
    let progress = rig.machine.progress();
    assert_eq!((progress.state, progress.step), (InstanceState::Parked, Some(name("a"))));
    assert_eq!((progress.reason, progress.attempts), (Some(ParkReason::BudgetSpent), 2));
    assert_eq!(rig.retry(), [resolved("a"), compensating("a", 3)]);
    let next = CompensationNext::RetryAt(rig.after(100));
    assert_eq!(
        rig.compensation_fails("a", FaultKind::NotDone),
        [compensation_failed("a", 3, FaultKind::NotDone, next)]
    );
}

#[test]
fn i13_a_compensation_that_fails_ten_times_needs_attention_and_goes_on() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    for attempt in 1..=12 {
        rig.compensation_fails("a", FaultKind::NotDone);
        assert_eq!(rig.machine.needs_attention(), attempt >= 10);
        rig.now = rig.machine.next_wake().expect("it waits");
        assert_eq!(rig.handle(Input::Proceed), [compensating("a", attempt + 1)]);
    }
    rig.compensated("a");
    assert!(!rig.machine.needs_attention());
}

#[test]
fn an_attempt_under_way_at_the_decision_ends_as_it_ends() {
    let both = || vec![step("a"), step("b")];
    let begin = || {
        let mut rig = Rig::begin_and_pass(both(), &[]);
        rig.fail("a", FaultKind::Rejected);
        rig
    };
    assert_eq!(begin().ok("b"), [succeeded("b"), compensating("b", 1)]);
    let void = |kind| [failed("b", 1, kind, Next::Void), Event::Compensated];
    assert_eq!(begin().fail("b", FaultKind::Rejected), void(FaultKind::Rejected));
    assert_eq!(begin().fail("b", FaultKind::NotDone), void(FaultKind::NotDone));
    assert_eq!(
        begin().fail("b", FaultKind::InDoubt),
        [failed("b", 1, FaultKind::InDoubt, Next::InDoubt), compensating("b", 1)]
    );
}

#[test]
fn i8_an_attempt_under_way_after_doubt_leaves_doubt_whatever_it_says() {
    for kind in [FaultKind::Rejected, FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").idempotent()], &[]);
        rig.fail("b", FaultKind::InDoubt);
        rig.later(100);
        rig.fail("a", FaultKind::Rejected);
        assert_eq!(rig.fail("b", kind), [failed("b", 2, kind, Next::InDoubt), compensating("b", 1)]);
    }
}

#[test]
fn a_read_only_step_under_way_at_the_decision_ends_void() {
    for kind in [FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(vec![step("a"), read_only("look")], &[]);
        rig.fail("a", FaultKind::Rejected);
        assert_eq!(rig.fail("look", kind), [failed("look", 1, kind, Next::Void), Event::Compensated]);
    }
}

#[test]
fn a_check_that_waits_at_the_decision_is_not_asked_where_the_compensation_can_do_without() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").check(check())], &[]);
    rig.fail("b", FaultKind::InDoubt);
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&compensating("b", 1)));
}

#[test]
fn a_check_under_way_at_the_decision_may_still_tell() {
    let begin = || {
        let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").check(check())], &[]);
        rig.fail("b", FaultKind::InDoubt);
        rig.later(1_000);
        let events = rig.fail("a", FaultKind::Rejected);
        assert_eq!(events.len(), 2, "{events:?}");
        rig
    };
    let done = AttemptEnd::Succeeded(crate::journal::Payload::NOTHING);
    assert_eq!(begin().check_ends("b", done), [succeeded("b"), compensating("b", 1)]);
    assert_eq!(
        begin().check_ends("b", AttemptEnd::NothingDone),
        [checked_void("b", Next::Void), Event::Compensated]
    );
    assert_eq!(
        begin().check_ends("b", AttemptEnd::Unknown),
        [check_unknown("b", 1, CheckNext::InDoubt), compensating("b", 1)]
    );
}

#[test]
fn i7_a_step_parked_in_doubt_is_compensated_when_another_one_fails() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").park_in_doubt()], &[]);
    rig.fail("b", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    let events = rig.fail("a", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&compensating("b", 1)));
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), Event::Compensated]);
}

#[test]
fn i9_a_late_result_after_the_end_is_refused() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    rig.compensated("a");
    let end = AttemptEnd::Failed(fault(FaultKind::InDoubt));
    let input = Input::CompensationEnded { step: rig.index("a"), item: None, attempt: 1, end };
    assert_eq!(rig.try_handle(input), Err(Unexpected::NotRunning { step: name("a"), attempt: 1 }));
}
