//! What waits for a person, and how it goes on.

use std::time::SystemTime;

use super::rig::*;
use crate::definition::StepDefinition;
use crate::fault::FaultKind;
use crate::journal::{Event, InstanceState, Next, ParkReason};
use crate::machine::{Decision, Input, Pace, Unexpected};
use crate::outcome::StepState;

/// `a` and `b` at once, then `c` after `b`.
fn branches() -> Vec<StepDefinition> {
    vec![step("a").park_in_doubt(), step("b"), step("c").after(&[1])]
}

#[test]
fn beside_a_parked_step_what_runs_goes_on_and_nothing_new_starts() {
    let mut rig = Rig::begin_and_pass(branches(), &[]);
    rig.fail("a", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    rig.fail("b", FaultKind::NotDone);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.later(100), [started("b", 2)]);
    assert_eq!(rig.ok("b"), [succeeded("b")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.progress().since, rig.now);
    assert_eq!(rig.retry(), [resolved("a"), started("a", 2), started("c", 1)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
}

#[test]
fn parked_tells_the_first_step_why_and_since_when() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), step("b").park_in_doubt()], &[]);
    rig.fail("b", FaultKind::InDoubt);
    let since = SystemTime::from(rig.now);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.since), (name("b"), since));
    rig.later(10);
    rig.fail("a", FaultKind::InDoubt);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.since), (name("a"), rig.now.into()));
    assert_eq!((parked.reason, parked.attempts), (ParkReason::InDoubt, 1));
    assert_eq!(parked.message, "what the service said");
    assert_eq!(rig.machine.status().steps[0].state, StepState::Parked);
    assert_eq!(rig.retry(), [resolved("a"), resolved("b"), started("a", 2), started("b", 2)]);
}

#[test]
fn a_block_starts_nothing_until_it_is_resolved() {
    let mut rig = Rig::begin_and_pass(branches(), &[]);
    assert_eq!(rig.park("c", ParkReason::Decode), [blocked("c", ParkReason::Decode)]);
    assert_eq!(rig.park("c", ParkReason::Decode), [], "it is parked already");
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("b", FaultKind::NotDone), [failed("b", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.ok("a"), [succeeded("a")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.later(1_000), []);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.reason), (name("c"), ParkReason::Decode));
    assert_eq!(parked.message, "why");
    assert_eq!(rig.machine.progress().reason, Some(ParkReason::Decode));
    assert_eq!(rig.retry(), [resolved("c"), started("b", 2)]);
}

#[test]
fn a_blocked_instance_does_not_end() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.park("a", ParkReason::Decode);
    assert_eq!(rig.ok("b"), [succeeded("b")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("a"), Event::Completed]);
}

#[test]
fn a_blocked_instance_decides_and_compensates_once_it_is_resolved() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.park("a", ParkReason::Decode);
    assert_eq!(rig.fail("b", FaultKind::Rejected).len(), 2);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("a"), compensating("a", 1)]);
}

#[test]
fn retry_while_held_starts_nothing_yet() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt()], &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.pace = Pace::Hold;
    assert_eq!(rig.retry(), [resolved("a")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.machine.next_wake(), Some(rig.now));
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 2)]);
}

#[test]
fn retry_of_what_is_not_parked_is_refused() {
    let mut rig = Rig::begin_and_pass(branches(), &[]);
    assert_eq!(rig.try_handle(resolve_all(Decision::Retry)), Err(Unexpected::NotParked));
}

#[test]
fn what_has_ended_is_not_parked() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &["a"]);
    let input =
        Input::Park { step: rig.index("a"), item: None, reason: ParkReason::Decode, message: String::new() };
    assert_eq!(rig.try_handle(input), Err(Unexpected::Ended));
}

#[test]
fn a_check_that_a_deployment_took_away_parks() {
    let with = vec![step("a").check(check())];
    let mut rig = Rig::begin_and_pass(with, &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.definition = std::sync::Arc::new(crate::definition::Definition::new("saga", 1, vec![step("a")], 0));
    assert_eq!(rig.crash(), []);
    let events = rig.later(1_000);
    assert!(matches!(events[..], [Event::Parked { reason: ParkReason::InDoubt, .. }]), "{events:?}");
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
}
