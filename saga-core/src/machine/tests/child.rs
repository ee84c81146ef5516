//! Steps that are instances of their own.

use super::rig::*;
use crate::definition::{CompensationDefinition, OutputUse, StepDefinition, StepKind};
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CompensationNext, Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::{AttemptEnd, ChildNeed, Pace};
use crate::outcome::StepState;

fn child(name: &str) -> StepDefinition {
    let compensation = CompensationDefinition::new("child", OutputUse::Unused);
    StepDefinition::new(name, StepKind::Compensatable).compensation(compensation).child("other-saga")
}

/// How the child failed.
fn compensated_child() -> FaultRecord {
    FaultRecord::new(FaultKind::Rejected, "child_compensated", "the child was compensated")
}

fn needs(rig: &Rig) -> Vec<(usize, ChildNeed)> {
    rig.machine.children().map(|(step, need, _)| (step.get(), need)).collect()
}

#[test]
fn a_child_runs_elsewhere_and_its_output_is_the_step_s() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), child("b"), step("c")]), &[]);
    assert_eq!(needs(&rig), []);
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
    assert_eq!(needs(&rig), [(1, ChildNeed::End)]);
    assert!(rig.machine.waits_for_children());
    assert!(!rig.machine.has_attempts_running(), "it is no attempt of this process");
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.machine.status().steps[1].state, StepState::Running);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.ok("b"), [succeeded("b"), started("c", 1)]);
    assert_eq!(needs(&rig), []);
}

#[test]
fn i5_a_crash_does_not_lose_a_child() {
    let mut rig = Rig::begin_and_pass(vec![child("a"), step("b").idempotent()], &[]);
    assert_eq!(rig.crash(), [lost("b", 1, Next::RetryAt(rig.now)), started("b", 2)]);
    assert_eq!(needs(&rig), [(0, ChildNeed::End)]);
    assert_eq!(rig.ok("a"), [succeeded("a")]);
}

#[test]
fn a_child_that_compensated_is_a_refusal() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), child("b")]), &["a"]);
    let events = rig.step_ends("b", AttemptEnd::Failed(compensated_child()));
    let [failed, Event::CompensationDecided { cause }, compensation] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*failed, failed_with("b", 1, compensated_child(), Next::Void));
    assert_eq!((cause.kind, cause.code.as_deref()), (FailureKind::Rejected, Some("child_compensated")));
    assert_eq!(*compensation, compensating("a", 1));
}

#[test]
fn a_child_that_has_completed_is_compensated_in_its_turn() {
    let mut rig = Rig::begin_and_pass(chain([child("a"), step("b"), step("c")]), &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
    assert_eq!(needs(&rig), [(0, ChildNeed::Compensation)]);
    assert!(!rig.machine.has_attempts_running());
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating);
    assert_eq!(rig.crash(), [], "its compensation is not lost");
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn a_child_that_runs_at_the_decision_is_not_awaited() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), child("b")], &[]);
    assert_eq!(
        rig.fail("a", FaultKind::Rejected),
        [
            failed("a", 1, FaultKind::Rejected, Next::Void),
            decided("a", FailureKind::Rejected, 1),
            compensating("b", 1)
        ]
    );
    assert_eq!(needs(&rig), [(1, ChildNeed::Compensation)]);
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), Event::Compensated]);
}

#[test]
fn i11_what_is_before_a_child_that_runs_waits_for_its_compensation() {
    let steps = vec![step("a"), child("b").after(&[0]), step("c").after(&[0])];
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    let events = rig.fail("c", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&compensating("b", 1)));
    assert_eq!(rig.compensated("b"), [compensation_succeeded("b"), compensating("a", 1)]);
}

#[test]
fn an_id_that_is_taken_parks_at_the_child_and_retry_waits_for_it_again() {
    let mut rig = Rig::begin_and_pass(chain([child("a")]), &[]);
    assert_eq!(rig.park("a", ParkReason::Refused), [blocked("a", ParkReason::Refused)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Parked);
    assert_eq!(needs(&rig), [(0, ChildNeed::End)]);
    assert_eq!(rig.retry(), [resolved("a")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.ok("a"), [succeeded("a"), Event::Completed]);
}

#[test]
fn what_parked_at_a_child_is_over_when_the_child_has_ended() {
    let mut rig = Rig::begin_and_pass(chain([child("a"), step("b")]), &[]);
    rig.park("a", ParkReason::InDoubt);
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
}

#[test]
fn beside_a_parked_step_a_child_is_no_reason_not_to_look() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), child("b")], &[]);
    rig.fail("a", FaultKind::InDoubt);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.ok("b"), [succeeded("b")]);
}

#[test]
fn i12_a_child_as_pivot_or_after_it_is_never_compensated() {
    let pivot = StepDefinition::new("p", StepKind::Pivot).child("other-saga");
    let late = StepDefinition::new("r", StepKind::Retriable).child("other-saga");
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot, late]), &["a"]);
    assert!(rig.cancel(FailureKind::Cancelled).is_err());
    assert_eq!(rig.ok("p"), [succeeded("p"), started("r", 1)]);
    let next = Next::Park(ParkReason::Refused);
    assert_eq!(
        rig.step_ends("r", AttemptEnd::Failed(compensated_child())),
        [failed_with("r", 1, compensated_child(), next)]
    );
    assert_eq!(rig.retry(), [resolved("r"), started("r", 2)]);
    assert_eq!(rig.ok("r"), [succeeded("r"), Event::Completed]);
}

#[test]
fn a_child_that_is_a_pivot_and_compensated_turns_the_instance_around() {
    let pivot = StepDefinition::new("p", StepKind::Pivot).child("other-saga");
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot]), &["a"]);
    let events = rig.step_ends("p", AttemptEnd::Failed(compensated_child()));
    assert_eq!(events.last(), Some(&compensating("a", 1)));
}

#[test]
fn a_child_whose_compensation_is_refused_parks() {
    let mut rig = Rig::begin_and_pass(chain([child("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    let next = CompensationNext::Park(ParkReason::Refused);
    assert_eq!(
        rig.compensation_fails("a", FaultKind::Rejected),
        [compensation_failed("a", 1, FaultKind::Rejected, next)]
    );
    assert_eq!(rig.retry(), [resolved("a"), compensating("a", 2)]);
}

#[test]
fn a_child_starts_under_an_open_gate_only() {
    let (mut rig, events) = Rig::begin_at(chain([child("a")]), Pace::Hold);
    assert_eq!(events, []);
    assert_eq!(needs(&rig), []);
    rig.pace = Pace::Go;
    assert_eq!(rig.later(0), [started("a", 1)]);
}
