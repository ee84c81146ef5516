//! Steps that run only if their condition holds.

use super::rig::*;
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, ParkReason};
use crate::machine::{Answer, Input, Pace, Question, Unexpected};
use crate::outcome::StepState;

#[test]
fn a_condition_is_asked_when_the_steps_before_are_done_and_what_holds_runs() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").conditional(), step("c")]), &[]);
    assert_eq!(rig.machine.question(), None);
    assert_eq!(rig.ok("a"), [succeeded("a")]);
    assert_eq!(rig.machine.question(), Some(Question::Condition(rig.index("b"))));
    assert_eq!(rig.holds("b", true), [held("b"), started("b", 1)]);
    assert_eq!(rig.machine.question(), None);
    assert_eq!(rig.ok("b"), [succeeded("b"), started("c", 1)]);
}

#[test]
fn what_does_not_hold_is_skipped_and_done() {
    let mut rig = Rig::begin_and_pass(chain([step("a").conditional(), step("b")]), &[]);
    assert_eq!(rig.holds("a", false), [skipped("a"), started("b", 1)]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Skipped);
    assert_eq!(rig.ok("b"), [succeeded("b"), Event::Completed]);
}

#[test]
fn a_saga_whose_only_step_is_skipped_is_complete() {
    let mut rig = Rig::begin_and_pass(chain([step("a").conditional()]), &[]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.holds("a", false), [skipped("a"), Event::Completed]);
}

#[test]
fn i8_a_skipped_step_has_nothing_to_compensate() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").conditional(), step("c")]), &["a"]);
    rig.holds("b", false);
    assert_eq!(
        rig.fail("c", FaultKind::Rejected),
        [
            failed("c", 1, FaultKind::Rejected, crate::journal::Next::Void),
            decided("c", FailureKind::Rejected, 1),
            compensating("a", 1)
        ]
    );
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn several_conditions_are_asked_one_after_the_other() {
    let mut rig = Rig::begin_and_pass(vec![step("a").conditional(), step("b").conditional()], &[]);
    assert_eq!(rig.holds("a", false), [skipped("a")]);
    assert_eq!(rig.holds("b", true), [held("b"), started("b", 1)]);
}

#[test]
fn an_answer_is_taken_once() {
    let mut rig = Rig::begin_and_pass(chain([step("a").conditional()]), &[]);
    let step = rig.index("a");
    let not_asked = Err(Unexpected::NotAsked { step: name("a") });
    let items = Input::Answered { step, answer: Answer::Items(Vec::new()) };
    assert_eq!(rig.try_handle(items), not_asked, "it has no items");
    rig.holds("a", true);
    let again = Input::Answered { step, answer: Answer::Holds(false) };
    assert_eq!(rig.try_handle(again), not_asked);
}

#[test]
fn a_condition_that_holds_is_not_asked_again_after_a_crash() {
    let mut rig = Rig::begin_and_pass(vec![step("a").conditional().max_running(1)], &[]);
    rig.room = 0;
    assert_eq!(rig.holds("a", true), [held("a")]);
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.machine.question(), None);
    rig.room = 1;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 1)]);
}

#[test]
fn an_answer_under_a_closed_gate_is_taken_down_and_starts_nothing() {
    let mut rig = Rig::begin_and_pass(chain([step("a").conditional()]), &[]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.holds("a", true), [held("a")]);
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 1)]);
}

#[test]
fn a_condition_that_panics_parks_and_is_asked_again_on_retry() {
    let mut rig = Rig::begin_and_pass(vec![step("a").conditional(), step("b").conditional()], &[]);
    rig.park("a", ParkReason::Panicked);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.question(), None, "nothing is asked while something is parked");
    let answer = Input::Answered { step: rig.index("b"), answer: Answer::Holds(true) };
    assert_eq!(rig.try_handle(answer), Err(Unexpected::NotAsked { step: name("b") }));
    assert_eq!(rig.retry(), [resolved("a")]);
    assert_eq!(rig.machine.question(), Some(Question::Condition(rig.index("a"))));
}

#[test]
fn i7_nothing_is_asked_after_the_decision() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b").conditional()], &[]);
    rig.fail("a", FaultKind::Rejected);
    assert_eq!(rig.machine.question(), None);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensated);
}
