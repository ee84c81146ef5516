//! Going forward, one step after the other.

use super::rig::*;
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next};
use crate::machine::{Decision, Input, Pace, Unexpected};

#[test]
fn i1_a_success_and_the_next_start_are_one_entry() {
    let (mut rig, events) = Rig::begin(chain([step("a"), step("b")]));
    assert_eq!(events, [started("a", 1)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
    assert_eq!(rig.ok("b"), [succeeded("b"), Event::Completed]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Completed);
    assert_eq!(rig.journal.len(), 3);
}

#[test]
fn a_refused_step_compensates_those_before_it_the_last_first() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b"), step("c")]), &["a", "b"]);
    assert_eq!(
        rig.fail("c", FaultKind::Rejected),
        [
            failed("c", 1, FaultKind::Rejected, Next::Void),
            decided("c", FailureKind::Rejected, 1),
            compensating("b", 1)
        ]
    );
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensated);
}

#[test]
fn a_queued_instance_starts_nothing_until_it_may() {
    let (mut rig, events) = Rig::begin_at(chain([step("a"), step("b")]), Pace::Hold);
    assert_eq!(events, []);
    assert_eq!(rig.handle(Input::Proceed), []);
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 1)]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.ok("a"), [succeeded("a")]);
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("b", 1)]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.ok("b"), [succeeded("b"), Event::Completed]);
}

#[test]
fn a_held_instance_decides_but_starts_no_compensation() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.pace = Pace::Hold;
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [failed("b", 1, FaultKind::Rejected, Next::Void), decided("b", FailureKind::Rejected, 1)]
    );
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [compensating("a", 1)]);
}

#[test]
fn i9_nothing_follows_the_end() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &["a"]);
    assert_eq!(rig.handle(Input::Proceed), []);
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.try_handle(resolve_all(Decision::Retry)), Err(Unexpected::NotParked));
}
