//! Steps with a limit of attempts at once, and the gate that knows it.

use super::rig::*;
use crate::definition::OutputUse;
use crate::fault::FaultKind;
use crate::journal::{Event, Next};
use crate::machine::Input;
use crate::outcome::StepState;

#[test]
fn what_finds_no_room_stays_ready_and_starts_later() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").max_running(1)]), &[]);
    rig.room = 0;
    assert_eq!(rig.ok("a"), [succeeded("a")]);
    assert_eq!(rig.machine.next_wake(), None, "it waits for room, and for no time");
    assert_eq!(rig.machine.status().steps[1].state, StepState::Pending);
    assert_eq!(rig.crash(), []);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("b", 1)]);
    assert_eq!(rig.room, 0);
}

#[test]
fn a_retry_that_finds_no_room_is_no_wake_and_hides_none() {
    let steps = vec![step("a").max_running(1), step("b").delay(std::time::Duration::from_secs(1))];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.fail("a", FaultKind::NotDone);
    rig.room = 0;
    assert_eq!(rig.later(100), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(900)));
    assert_eq!(rig.later(900), [started("b", 1)]);
    assert_eq!(rig.machine.next_wake(), None);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 2)]);
}

#[test]
fn one_step_without_room_does_not_hold_up_another() {
    let steps = vec![step("z"), step("a").after(&[0]).max_running(1), step("b").after(&[0])];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.room = 0;
    assert_eq!(rig.ok("z"), [succeeded("z"), started("b", 1)]);
}

#[test]
fn a_fan_out_asks_once_and_goes_on_as_room_comes() {
    let mut rig = Rig::begin_and_pass(chain([step("a").fan_out(8).max_running(2)]), &[]);
    rig.room = 2;
    assert_eq!(rig.lists("a", 4), [listed("a", 4), started("a/0", 1), started("a/1", 1)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0")]);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a/2", 1)]);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a/1", FaultKind::NotDone), [failed("a/1", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.ok("a/2"), [succeeded("a/2")]);
    assert_eq!(rig.later(100), []);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a/1", 2)], "what was begun goes first");
    assert_eq!(rig.ok("a/1"), [succeeded("a/1")]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Waiting);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a/3", 1)]);
}

#[test]
fn settling_asks_too_and_compensations_and_checks_do_not() {
    let needy = step_with("b", OutputUse::Required).idempotent().max_running(1);
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("b", FaultKind::InDoubt);
    rig.room = 0;
    assert_eq!(rig.fail("a", FaultKind::Rejected).len(), 2);
    assert_eq!(rig.machine.next_wake(), None);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("b", 2)]);
    assert_eq!(rig.ok("b"), [succeeded("b"), compensating("b", 1)], "there is no room, and none is needed");
    let checked = step("a").check(check()).max_running(1);
    let mut rig = Rig::begin_and_pass(vec![checked], &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.room = 0;
    assert_eq!(rig.later(1_000), [check_started("a", 1)]);
}

#[test]
fn items_that_are_settled_ask_too() {
    let needy = step_with("a", OutputUse::Required).idempotent().fan_out(3).max_running(3);
    let mut rig = Rig::begin_and_pass(chain([needy]), &[]);
    rig.lists("a", 3);
    rig.fail("a/0", FaultKind::InDoubt);
    rig.fail("a/1", FaultKind::InDoubt);
    rig.room = 1;
    assert_eq!(rig.fail("a/2", FaultKind::Rejected).last(), Some(&started("a/0", 2)));
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), compensating("a/0", 1)]);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a/1", 2)]);
}

#[test]
fn what_has_no_limit_is_not_asked_for() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &[]);
    rig.room = 0;
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
    assert_eq!(rig.ok("b"), [succeeded("b"), Event::Completed]);
}
