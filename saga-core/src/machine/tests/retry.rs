//! Failed attempts are tried again, as the policy says.

use super::rig::*;
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{Event, FailureKind, InstanceState, Next};
use crate::machine::{AttemptEnd, Input, Pace, Unexpected};
use crate::outcome::StepState;
use crate::time::Timestamp;

#[test]
fn what_was_not_done_is_tried_again_after_its_delay_in_an_entry_of_its_own() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &[]);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
    assert_eq!(rig.machine.status().steps[0].state, StepState::Waiting);
    assert_eq!(rig.later(99), []);
    assert_eq!(rig.later(1), [started("a", 2)]);
    assert_eq!(rig.machine.next_wake(), None);
    let next = Next::RetryAt(rig.after(200));
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 2, FaultKind::NotDone, next)]);
    assert_eq!(rig.later(200), [started("a", 3)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
}

#[test]
fn a_spent_budget_is_a_failure() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    for delay in [100, 200] {
        rig.fail("b", FaultKind::NotDone);
        rig.later(delay);
    }
    assert_eq!(
        rig.fail("b", FaultKind::NotDone),
        [
            failed("b", 3, FaultKind::NotDone, Next::Void),
            decided("b", FailureKind::NotDone, 3),
            compensating("a", 1)
        ]
    );
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!((failure.step, failure.kind, failure.attempts), (Some(name("b")), FailureKind::NotDone, 3));
    assert_eq!(failure.code.as_deref(), Some("code"));
}

#[test]
fn the_service_may_ask_to_be_left_alone_for_longer() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    let fault = FaultRecord { retry_after_ms: Some(7_000), ..fault(FaultKind::NotDone) };
    let next = Next::RetryAt(rig.after(7_000));
    let end = AttemptEnd::Failed(fault.clone());
    assert_eq!(rig.step_ends("a", end), [failed_with("a", 1, fault, next)]);
}

#[test]
fn a_service_that_asks_for_more_than_a_day_is_tried_again_after_one() {
    let day = 24 * 60 * 60 * 1_000;
    for (asked, waits) in [(day - 1, day - 1), (day + 1, day), (u64::MAX, day)] {
        let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
        let fault = FaultRecord { retry_after_ms: Some(asked), ..fault(FaultKind::NotDone) };
        let next = Next::RetryAt(rig.after(waits));
        let end = AttemptEnd::Failed(fault.clone());
        assert_eq!(rig.step_ends("a", end), [failed_with("a", 1, fault, next)], "{asked} ms");
    }
}

#[test]
fn a_delay_has_jitter_that_depends_on_instance_step_and_attempt_only() {
    let jittered = || step("a").retry(plain_retry(3).jitter(true));
    let wake = |mut rig: Rig| {
        rig.fail("a", FaultKind::NotDone);
        rig.machine.next_wake().expect("it waits").since(rig.now).as_millis()
    };
    let delay = wake(Rig::begin(vec![jittered()]).0);
    assert!((50..=100).contains(&delay), "{delay}");
    assert_eq!(wake(Rig::begin(vec![jittered()]).0), delay);
}

#[test]
fn a_late_result_of_an_earlier_attempt_does_not_end_the_next_one() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    let a = rig.index("a");
    rig.fail("a", FaultKind::NotDone);
    let late = Input::StepEnded {
        step: a,
        item: None,
        attempt: 1,
        end: AttemptEnd::Failed(fault(FaultKind::Rejected)),
    };
    let refused = Err(Unexpected::NotRunning { step: name("a"), attempt: 1 });
    assert_eq!(rig.try_handle(late.clone()), refused);
    rig.later(100);
    assert_eq!(rig.try_handle(late), refused);
    assert_eq!(rig.ok("a"), [succeeded("a"), Event::Completed]);
}

#[test]
fn a_step_does_not_end_as_a_check_does() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    let input =
        Input::StepEnded { step: rig.index("a"), item: None, attempt: 1, end: AttemptEnd::NothingDone };
    assert_eq!(rig.try_handle(input), Err(Unexpected::NoAnswer { step: name("a") }));
}

#[test]
fn i13_after_ten_failures_in_a_row_without_a_limit_a_person_should_look() {
    let mut rig = Rig::begin_and_pass(chain([step("a").retry(endless_retry())]), &[]);
    for attempt in 1..=10 {
        assert!(!rig.machine.needs_attention(), "before attempt {attempt} failed");
        rig.fail("a", FaultKind::NotDone);
        assert_eq!(rig.machine.needs_attention(), attempt == 10);
        rig.now = rig.machine.next_wake().expect("it waits");
        rig.handle(Input::Proceed);
    }
    assert!(rig.machine.progress().needs_attention);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    rig.ok("a");
    assert!(!rig.machine.needs_attention());
}

#[test]
fn a_limited_budget_needs_no_attention() {
    let mut rig = Rig::begin_and_pass(chain([step("a").retry(plain_retry(20))]), &[]);
    for _ in 1..=15 {
        rig.fail("a", FaultKind::NotDone);
        rig.now = rig.machine.next_wake().expect("it waits");
        rig.handle(Input::Proceed);
    }
    assert!(!rig.machine.needs_attention());
}

#[test]
fn a_held_instance_takes_down_failures_and_tries_again_later() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    rig.pace = Pace::Hold;
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.later(1_000), []);
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 2)]);
}

#[test]
fn since_tells_when_the_state_changed_last() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &[]);
    let start = Timestamp::from_millis(START);
    rig.later(50);
    rig.ok("a");
    assert_eq!(rig.machine.progress().since, start);
    rig.later(50);
    rig.fail("b", FaultKind::Rejected);
    assert_eq!(rig.machine.progress().since, rig.now);
    assert_eq!(rig.machine.progress().state, InstanceState::Compensating);
}
