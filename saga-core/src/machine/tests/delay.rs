//! Steps that wait before their first attempt.

use std::time::Duration;

use super::rig::*;
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::Input;
use crate::outcome::StepState;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_delay_begins_when_the_step_is_ready_and_its_end_starts_the_step() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").delay(SECOND)]), &[]);
    rig.later(500);
    let until = rig.after(1_000);
    assert_eq!(rig.ok("a"), [succeeded("a"), delayed("b", until)]);
    assert_eq!(rig.machine.next_wake(), Some(until));
    assert_eq!(rig.machine.status().steps[1].state, StepState::Waiting);
    assert!(!rig.machine.has_attempts_running());
    assert_eq!(rig.later(999), []);
    assert_eq!(rig.later(1), [started("b", 1)]);
    assert_eq!(rig.machine.next_wake(), None);
}

#[test]
fn a_delay_ends_when_it_should_have_after_a_crash() {
    let mut rig = Rig::begin_and_pass(chain([step("a").delay(SECOND)]), &[]);
    rig.later(400);
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(600)));
    rig.now = rig.after(7_000);
    assert_eq!(rig.crash(), [started("a", 1)]);
}

#[test]
fn a_retry_of_a_delayed_step_is_not_delayed() {
    let mut rig = Rig::begin_and_pass(chain([step("a").delay(SECOND)]), &[]);
    rig.later(1_000);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.later(100), [started("a", 2)]);
}

#[test]
fn in_a_dag_a_delay_holds_up_its_own_branch_only() {
    let steps = vec![
        step("a"),
        step("b").after(&[0]).delay(SECOND),
        step("c").after(&[0]),
        step("d").after(&[2]),
        step("e").after(&[1, 3]),
    ];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    let until = rig.after(1_000);
    assert_eq!(rig.ok("a"), [succeeded("a"), delayed("b", until), started("c", 1)]);
    assert_eq!(rig.ok("c"), [succeeded("c"), started("d", 1)]);
    assert_eq!(rig.ok("d"), [succeeded("d")]);
    assert_eq!(rig.later(1_000), [started("b", 1)]);
    assert_eq!(rig.ok("b"), [succeeded("b"), started("e", 1)]);
}

#[test]
fn i7_what_is_delayed_at_the_decision_never_runs() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").delay(SECOND)], &[]);
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [
            failed("a", 1, FaultKind::Rejected, Next::Void),
            decided("a", FailureKind::Rejected, 1),
            Event::Compensated
        ]
    );
    assert_eq!(rig.machine.status().steps[1].state, StepState::Void);
    assert_eq!(rig.machine.next_wake(), None);
}

#[test]
fn a_delay_that_ends_while_something_is_parked_starts_its_step_on_retry() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), step("b").delay(SECOND)], &[]);
    rig.fail("a", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked, "a delay is no reason not to look");
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.later(2_000), []);
    assert_eq!(rig.retry(), [resolved("a"), started("a", 2), started("b", 1)]);
}

#[test]
fn a_deployment_that_takes_the_delay_away_lets_the_instance_wait_and_go_on() {
    let mut rig = Rig::begin_and_pass(chain([step("a").delay(SECOND)]), &[]);
    let steps = chain([step("a")]);
    rig.definition = std::sync::Arc::new(crate::definition::Definition::new("saga", 1, steps, 0));
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.later(1_000), [started("a", 1)]);
}

#[test]
fn a_blocked_delay_goes_on_when_it_is_resolved() {
    let mut rig = Rig::begin_and_pass(chain([step("a").delay(SECOND)]), &[]);
    rig.park("a", ParkReason::Decode);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Parked);
    assert_eq!(rig.later(2_000), []);
    assert_eq!(rig.retry(), [resolved("a"), started("a", 1)]);
    assert_eq!(rig.handle(Input::Proceed), []);
}
