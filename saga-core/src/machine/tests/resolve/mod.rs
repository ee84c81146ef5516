//! What people decide about what is parked.

mod fits;
mod several;

use std::time::Duration;

use super::rig::*;
use crate::definition::{CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind};
use crate::fault::FaultKind;
use crate::id::StepName;
use crate::journal::{Event, FailureKind, InstanceState, Loss, Next, ParkReason, Payload, ResolutionKind};
use crate::machine::{AttemptEnd, Decision, Input, Pace, Target, Unexpected};
use crate::outcome::StepState;

const SKIP: ResolutionKind = ResolutionKind::Skip;
const VOID: ResolutionKind = ResolutionKind::Void;
const SUCCEEDED: ResolutionKind = ResolutionKind::Succeeded;
const IN_DOUBT: FaultKind = FaultKind::InDoubt;

fn success() -> Decision {
    Decision::Succeeded(Payload::NOTHING)
}

fn decisions() -> [Decision; 4] {
    [Decision::Retry, Decision::Skip, success(), Decision::Void]
}

/// Asserts which decisions on the step fit, in the order of the table: Retry, Skip, Succeeded, Void.
fn fit(rig: &Rig, step: &str, expected: [bool; 4]) {
    let place = rig.place(step);
    for (decision, expected) in decisions().into_iter().zip(expected) {
        let target = Target::One { step: place.0, item: place.1 };
        let (who, note) = (String::new(), String::new());
        let input = Input::Resolve { target, decision: decision.clone(), who, note };
        let result = rig.machine.clone().handle(input, rig.now, &mut Pace::Hold);
        match result {
            Ok(_) => assert!(expected, "{decision:?} of {step} fits"),
            Err(Unexpected::NotApplicable { .. }) => {
                assert!(!expected, "{decision:?} of {step} does not fit")
            }
            Err(other) => panic!("{decision:?} of {step}: {other:?}"),
        }
    }
}

const ALL: [bool; 4] = [true, true, true, true];
const NO_SKIP: [bool; 4] = [true, false, true, true];
const RETRY: [bool; 4] = [true, false, false, false];
const RETRY_OR_SKIP: [bool; 4] = [true, true, false, false];
const RETRY_OR_SUCCEEDED: [bool; 4] = [true, false, true, false];

/// The steps whose compensation somebody skipped.
fn left_standing(rig: &Rig) -> Vec<StepName> {
    rig.machine.failure().expect("it failed").skipped
}

/// `a`, done, and `b`, parked in doubt.
fn parked_in_doubt() -> Rig {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").park_in_doubt(), step("c")]), &["a"]);
    rig.fail("b", IN_DOUBT);
    rig
}

/// `a`, whose compensation is refused, and `b`, refused.
fn parked_compensation() -> Rig {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig
}

/// `a` in doubt, whose compensation does without its output and is refused.
fn parked_compensation_in_doubt() -> Rig {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    rig.fail("a", IN_DOUBT);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig
}

/// `b` is to be settled, and that has parked.
fn parked_while_settling() -> Rig {
    let policy = CompensationDefinition::new("compensate", OutputUse::Required).retry(plain_retry(1));
    let needy = step_with("b", OutputUse::Required).compensation(policy).idempotent();
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("a", FaultKind::Rejected);
    rig.fail("b", IN_DOUBT);
    rig.fail("b", IN_DOUBT);
    assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::BudgetSpent);
    rig
}

fn past_pivot(r: StepDefinition) -> Rig {
    Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent(), r]), &["a", "p"])
}

#[test]
fn a_step_in_doubt_that_succeeded_goes_on() {
    let mut rig = parked_in_doubt();
    let expected = vec![resolved_as("b", SUCCEEDED), succeeded("b"), started("c", 1)];
    assert_eq!(rig.resolve("b", success()), Ok(expected));
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.machine.parked(), None);
    assert_eq!(rig.ok("c"), [succeeded("c"), Event::Completed]);
}

#[test]
fn a_step_in_doubt_that_is_void_is_the_failure_of_the_instance() {
    let mut rig = parked_in_doubt();
    let expected = vec![
        resolved_as("b", VOID),
        decided_by("b", FailureKind::NotDone, None, "fixed", 1),
        compensating("a", 1),
    ];
    assert_eq!(rig.resolve("b", Decision::Void), Ok(expected));
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn a_pivot_that_is_void_turns_the_instance_around() {
    let p = pivot("p").park_in_doubt();
    let mut rig = Rig::begin_and_pass(chain([step("a"), p, retriable("r").idempotent()]), &["a"]);
    rig.fail("p", IN_DOUBT);
    fit(&rig, "p", NO_SKIP);
    assert_eq!(rig.cancel(FailureKind::Cancelled), Err(Unexpected::PastPivot), "nobody knows yet");
    let expected = vec![
        resolved_as("p", VOID),
        decided_by("p", FailureKind::NotDone, None, "fixed", 1),
        compensating("a", 1),
    ];
    assert_eq!(rig.resolve("p", Decision::Void), Ok(expected));
    assert_eq!(rig.cancel(FailureKind::Cancelled), Ok(vec![]), "it compensates");
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn a_retriable_step_that_is_void_is_called_again_with_a_new_budget() {
    let mut rig = past_pivot(retriable("r").park_in_doubt());
    rig.fail("r", IN_DOUBT);
    fit(&rig, "r", NO_SKIP);
    assert_eq!(rig.resolve("r", Decision::Void), Ok(vec![resolved_as("r", VOID), started("r", 2)]));
    let record = rig.record("r");
    assert!(!record.doubt);
    assert_eq!(record.attempts.counted(), 1);
    let again = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("r", FaultKind::NotDone), [failed("r", 2, FaultKind::NotDone, again)]);
}

#[test]
fn the_service_of_a_step_that_is_void_knows_its_next_call_anew() {
    let second = Duration::from_secs(1);
    let mut rig = past_pivot(retriable("r").idempotent().idempotent_within(second).park_in_doubt());
    rig.now = rig.after(1_000);
    rig.fail("r", IN_DOUBT);
    assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::InDoubt);
    rig.resolve("r", Decision::Void).expect("it is in doubt");
    let again = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("r", IN_DOUBT), [failed("r", 2, IN_DOUBT, again)]);
}

#[test]
fn a_compensation_is_skipped_and_its_step_is_listed() {
    let mut rig = parked_compensation();
    assert_eq!(rig.resolve("a", Decision::Skip), Ok(vec![resolved_as("a", SKIP), Event::Compensated]));
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!((failure.step, failure.skipped), (Some(name("b")), vec![name("a")]));
    assert_eq!(rig.machine.status().steps[0].state, StepState::Compensated);
    assert_eq!(rig.crash(), []);
    assert_eq!(left_standing(&rig), [name("a")]);
}

#[test]
fn what_was_compensated_is_not_listed_as_skipped() {
    let mut rig = parked_compensation();
    assert_eq!(rig.retry(), [resolved("a"), compensating("a", 2)]);
    rig.compensated("a");
    assert!(left_standing(&rig).is_empty());
}

#[test]
fn i11_what_comes_before_a_skipped_compensation_is_compensated_then() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b"), step("c")]), &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    rig.compensation_fails("b", FaultKind::Rejected);
    assert_eq!(rig.resolve("b", Decision::Skip), Ok(vec![resolved_as("b", SKIP), compensating("a", 1)]));
}

#[test]
fn settling_is_skipped_and_the_effect_left_standing() {
    let mut rig = parked_while_settling();
    fit(&rig, "b", ALL);
    assert_eq!(rig.resolve("b", Decision::Skip), Ok(vec![resolved_as("b", SKIP), Event::Compensated]));
    assert_eq!(left_standing(&rig), [name("b")]);
}

#[test]
fn what_is_settled_by_a_person_is_compensated_with_that_output_or_not_at_all() {
    let mut rig = parked_while_settling();
    let expected = vec![resolved_as("b", SUCCEEDED), succeeded("b"), compensating("b", 1)];
    assert_eq!(rig.resolve("b", success()), Ok(expected));
    let mut rig = parked_while_settling();
    let expected = vec![resolved_as("b", VOID), Event::Compensated];
    assert_eq!(rig.resolve("b", Decision::Void), Ok(expected));
    assert!(left_standing(&rig).is_empty());
}

#[test]
fn a_compensation_of_a_step_in_doubt_may_learn_what_became_of_that() {
    let mut rig = parked_compensation_in_doubt();
    fit(&rig, "a", ALL);
    let expected = vec![resolved_as("a", SUCCEEDED), succeeded("a"), compensating("a", 2)];
    assert_eq!(rig.resolve("a", success()), Ok(expected));
    assert_eq!(rig.record("a").compensations.counted(), 1, "with a new budget");
    rig.compensation_fails("a", FaultKind::Rejected);
    fit(&rig, "a", RETRY_OR_SKIP);
    let mut rig = parked_compensation_in_doubt();
    let expected = vec![resolved_as("a", VOID), Event::Compensated];
    assert_eq!(rig.resolve("a", Decision::Void), Ok(expected));
}

#[test]
fn a_check_that_is_parked_may_be_answered_by_a_person() {
    let parked = || {
        let a = step("a").check(check().retry(plain_retry(1)));
        let mut rig = Rig::begin_and_pass(chain([a]), &[]);
        rig.fail("a", IN_DOUBT);
        rig.later(1_000);
        rig.check_ends("a", AttemptEnd::Unknown);
        rig
    };
    let mut rig = parked();
    fit(&rig, "a", NO_SKIP);
    let expected = vec![resolved_as("a", SUCCEEDED), succeeded("a"), Event::Completed];
    assert_eq!(rig.resolve("a", success()), Ok(expected));
    let mut rig = parked();
    let decided = decided_by("a", FailureKind::NotDone, None, "fixed", 1);
    let expected = vec![resolved_as("a", VOID), decided, Event::Compensated];
    assert_eq!(rig.resolve("a", Decision::Void), Ok(expected));
}

#[test]
fn what_no_check_can_tell_any_more_a_person_can() {
    let parked = || {
        let mut rig = Rig::begin_and_pass(vec![step("a").check(check())], &[]);
        rig.fail("a", IN_DOUBT);
        rig.definition = std::sync::Arc::new(Definition::new("saga", 1, vec![step("a")], 0));
        rig.crash();
        rig.later(1_000);
        assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::InDoubt);
        rig
    };
    let mut rig = parked();
    fit(&rig, "a", NO_SKIP);
    let expected = vec![resolved_as("a", SUCCEEDED), succeeded("a"), Event::Completed];
    assert_eq!(rig.resolve("a", success()), Ok(expected));
    let mut rig = parked();
    assert_eq!(rig.resolve("a", Decision::Void).map(|events| events.len()), Ok(3));
    let mut rig = parked();
    rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating, "the compensation needs no output");
}

#[test]
fn what_nothing_settles_any_more_can_be_skipped() {
    let needy = || step_with("b", OutputUse::Required).idempotent().idempotent_within(Duration::from_secs(1));
    let parked = || {
        let mut rig = Rig::begin_and_pass(vec![step("a"), needy()], &[]);
        rig.fail("a", FaultKind::Rejected);
        rig.now = rig.after(2_000);
        rig.fail("b", IN_DOUBT);
        rig
    };
    let mut rig = parked();
    assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::InDoubt);
    fit(&rig, "b", ALL);
    assert_eq!(rig.resolve("b", Decision::Skip), Ok(vec![resolved_as("b", SKIP), Event::Compensated]));
}
