//! What people decide about what is parked.

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

#[test]
fn whatever_is_parked_after_the_pivot_may_have_been_done_by_a_person() {
    let mut refused = past_pivot(retriable("r").idempotent());
    refused.fail("r", FaultKind::Rejected);
    let second = Some(Duration::from_secs(1));
    let mut missed = past_pivot(retriable("r").idempotent().signal(second));
    missed.later(1_000);
    let mut looked = past_pivot(read_only("r").retry(plain_retry(1)));
    looked.fail("r", FaultKind::NotDone);
    let mut panicked = past_pivot(retriable("r").idempotent().conditional());
    panicked.park("r", ParkReason::Panicked);
    let mut unread = past_pivot(retriable("r").idempotent().signal(None));
    unread.park("r", ParkReason::Decode);
    let mut looping = past_pivot(read_only("r").retry(plain_retry(9)));
    for _ in 0..3 {
        looping.die(Loss::Alone);
    }
    for rig in [&mut refused, &mut missed, &mut looked, &mut panicked, &mut unread, &mut looping] {
        assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
        fit(rig, "r", RETRY_OR_SUCCEEDED);
        let expected = vec![resolved_as("r", SUCCEEDED), succeeded("r"), Event::Completed];
        assert_eq!(rig.resolve("r", success()), Ok(expected));
    }
}

#[test]
fn what_was_refused_after_doubt_may_be_void_after_the_pivot() {
    let mut rig = past_pivot(retriable("r").idempotent());
    rig.fail("r", IN_DOUBT);
    rig.later(100);
    rig.fail("r", FaultKind::Rejected);
    assert_eq!(rig.machine.parked().expect("it is parked").reason, ParkReason::Refused);
    fit(&rig, "r", NO_SKIP);
    assert_eq!(rig.resolve("r", Decision::Void), Ok(vec![resolved_as("r", VOID), started("r", 3)]));
}

#[test]
fn what_was_never_called_before_the_pivot_can_only_be_tried_again() {
    let steps = || chain([step("a"), step("b").fan_out(2), pivot("p").idempotent()]);
    for reason in [ParkReason::TooManyItems, ParkReason::Panicked, ParkReason::Decode, ParkReason::Refused] {
        let mut rig = Rig::begin_and_pass(steps(), &["a"]);
        rig.park("b", reason);
        fit(&rig, "b", RETRY);
        let why = rig.why_not("b", success());
        assert_eq!(why, format!("step b is parked ({reason}): put that right, then retry it"));
        let why = rig.why_not("b", Decision::Skip);
        let cancel =
            "step b is not being compensated, and only that can be skipped: retry it, or cancel the instance";
        assert_eq!(why, cancel);
    }
}

#[test]
fn a_list_of_items_has_no_output_of_its_own() {
    let mut rig = past_pivot(retriable("r").idempotent().fan_out(2));
    rig.park("r", ParkReason::TooManyItems);
    fit(&rig, "r", RETRY);
}

#[test]
fn an_item_of_a_parked_step_may_have_succeeded() {
    let mut rig = past_pivot(retriable("r").park_in_doubt().fan_out(1));
    rig.lists("r", 3);
    rig.fail("r/0", IN_DOUBT);
    fit(&rig, "r/0", NO_SKIP);
    rig.park("r/2", ParkReason::Decode);
    fit(&rig, "r/2", RETRY);
    rig.resolve("r/2", Decision::Retry).expect("it is parked");
    let expected = vec![resolved_as("r/0", SUCCEEDED), succeeded("r/0"), started("r/1", 1)];
    assert_eq!(rig.resolve("r/0", success()), Ok(expected));
}

#[test]
fn a_value_that_cannot_be_read_keeps_what_it_keeps() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b").signal(None)]), &["a"]);
    rig.park("a", ParkReason::Decode);
    fit(&rig, "a", RETRY);
    rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    fit(&rig, "a", RETRY);
    let mut rig = past_pivot(retriable("r").idempotent());
    rig.park("p", ParkReason::Decode);
    fit(&rig, "p", RETRY);
    let mut rig = parked_compensation();
    rig.park("a", ParkReason::Decode);
    fit(&rig, "a", RETRY);
}

#[test]
fn i1_nobody_does_a_step_before_those_before_it() {
    let r = || retriable("r").idempotent();
    let mut rig =
        Rig::begin_and_pass(chain([pivot("p").idempotent(), r(), retriable("s").signal(None)]), &["p"]);
    rig.park("s", ParkReason::Decode);
    fit(&rig, "s", RETRY);
    rig.ok("r");
    fit(&rig, "s", RETRY_OR_SUCCEEDED);
}

#[test]
fn i6_what_is_under_way_is_waited_for() {
    let mut rig = past_pivot(retriable("r").idempotent());
    rig.park("r", ParkReason::Decode);
    fit(&rig, "r", RETRY);
    let why = rig.why_not("r", success());
    assert_eq!(why, "an attempt of step r is under way: wait until it has ended");
}

fn child(kind: StepKind) -> StepDefinition {
    let step = StepDefinition::new("c", kind).child("other-saga");
    match kind {
        StepKind::Compensatable => step.compensation(CompensationDefinition::new("child", OutputUse::Unused)),
        StepKind::Pivot | StepKind::Retriable | StepKind::ReadOnly => step,
    }
}

#[test]
fn a_child_is_resolved_by_itself() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), child(StepKind::Compensatable)]), &["a"]);
    rig.park("c", ParkReason::Refused);
    fit(&rig, "c", RETRY);
    assert_eq!(rig.why_not("c", Decision::Void), "step c is an instance of its own: resolve that");
}

#[test]
fn a_child_that_is_not_taken_back_can_be_skipped() {
    let parked = || {
        let mut rig = Rig::begin_and_pass(chain([child(StepKind::Compensatable), step("a")]), &["c"]);
        rig.fail("a", FaultKind::Rejected);
        rig
    };
    let (mut blocked, mut refused) = (parked(), parked());
    blocked.park("c", ParkReason::Refused);
    refused.compensation_fails("c", FaultKind::Rejected);
    for rig in [&mut blocked, &mut refused] {
        fit(rig, "c", RETRY_OR_SKIP);
        assert_eq!(rig.resolve("c", Decision::Skip), Ok(vec![resolved_as("c", SKIP), Event::Compensated]));
        assert!(!rig.machine.waits_for_children());
        assert_eq!(left_standing(rig), [name("c")]);
    }
}

#[test]
fn a_child_that_has_ended_in_vain_may_have_been_done_by_a_person() {
    let mut rig = past_pivot(child(StepKind::Retriable));
    rig.fail("c", FaultKind::Rejected);
    fit(&rig, "c", RETRY_OR_SUCCEEDED);
}

#[test]
fn retry_and_skip_are_of_everything_that_is_parked() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b"), step("c").after(&[0, 1])], &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig.compensation_fails("b", FaultKind::Rejected);
    let skipped = [resolved_as("a", SKIP), resolved_as("b", SKIP), Event::Compensated];
    assert_eq!(rig.handle(resolve_all(Decision::Skip)), skipped);
    assert_eq!(left_standing(&rig), [name("a"), name("b")]);
}

#[test]
fn what_does_not_fit_one_is_refused_for_all() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b"), step("c").after(&[0, 1])], &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig.compensation_fails("b", FaultKind::Rejected);
    rig.park("b", ParkReason::Decode);
    let refused = rig.try_handle(resolve_all(Decision::Skip));
    let why = "step b is parked (cannot be decoded): put that right, then retry it".to_owned();
    assert_eq!(refused, Err(Unexpected::NotApplicable { why }));
    assert_eq!(rig.resolve("a", Decision::Skip), Ok(vec![resolved_as("a", SKIP)]));
}

#[test]
fn succeeded_and_void_are_of_the_only_one_or_name_one() {
    for (decision, events) in [(success(), 3), (Decision::Void, 3)] {
        assert_eq!(parked_in_doubt().handle(resolve_all(decision)).len(), events);
    }
    let doubtful = || step("b").park_in_doubt().fan_out(2);
    for decision in [success(), Decision::Void] {
        let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), doubtful()], &[]);
        rig.lists("b", 2);
        rig.fail("a", IN_DOUBT);
        rig.fail("b/1", IN_DOUBT);
        let why = "several steps are parked (a, b/1): name one".to_owned();
        let refused = rig.try_handle(resolve_all(decision.clone()));
        assert_eq!(refused, Err(Unexpected::NotApplicable { why }));
        assert!(rig.resolve("b/1", decision).is_ok());
    }
}

#[test]
fn not_all_of_ten_thousand_are_named() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt().fan_out(20)], &[]);
    rig.lists("a", 20);
    (0..12).for_each(|item| drop(rig.fail(&format!("a/{item}"), IN_DOUBT)));
    let Err(Unexpected::NotApplicable { why }) = rig.try_handle(resolve_all(Decision::Void)) else {
        panic!("it names one");
    };
    assert!(why.ends_with("a/8, a/9 and 2 more): name one"), "{why}");
    assert_eq!(rig.machine.parked_all().count(), 12);
}

#[test]
fn one_of_several_is_resolved_and_the_others_stay() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), step("b").park_in_doubt()], &[]);
    rig.fail("a", IN_DOUBT);
    rig.fail("b", IN_DOUBT);
    let since = rig.machine.progress().since;
    rig.later(10);
    let expected = vec![resolved_as("a", SUCCEEDED), succeeded("a")];
    assert_eq!(rig.resolve("a", success()), Ok(expected));
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.progress().since, since, "it was parked all the time");
    let parked: Vec<_> = rig.machine.parked_all().map(|parked| parked.step).collect();
    assert_eq!(parked, [name("b")]);
    assert_eq!(rig.resolve("b", Decision::Retry), Ok(vec![resolved("b"), started("b", 2)]));
}

#[test]
fn a_step_may_be_void_while_others_are_parked_or_under_way() {
    let steps = vec![step("a").park_in_doubt(), step("b").park_in_doubt(), step("c")];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.fail("a", IN_DOUBT);
    rig.fail("b", IN_DOUBT);
    let decided = decided_by("a", FailureKind::NotDone, None, "fixed", 1);
    let expected = vec![resolved_as("a", VOID), decided, compensating("b", 1)];
    assert_eq!(rig.resolve("a", Decision::Void), Ok(expected));
    assert_eq!(rig.ok("c"), [succeeded("c"), compensating("c", 1)]);
}

#[test]
fn what_is_not_parked_is_not_to_be_decided() {
    let mut rig = parked_in_doubt();
    for decision in decisions() {
        assert_eq!(rig.why_not("a", decision), "step a is not parked, but b");
    }
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    for decision in decisions() {
        assert_eq!(rig.resolve("a", decision.clone()), Err(Unexpected::NotParked), "it runs");
        assert_eq!(rig.try_handle(resolve_all(decision)), Err(Unexpected::NotParked));
    }
    rig.ok("a");
    for decision in decisions() {
        assert_eq!(rig.try_handle(resolve_all(decision)), Err(Unexpected::NotParked), "I9: it has ended");
    }
    let mut rig = parked_in_doubt();
    let target = Target::One { step: rig.index("b"), item: Some(3) };
    let (who, note) = (String::new(), String::new());
    let input = Input::Resolve { target, decision: Decision::Retry, who, note };
    assert_eq!(rig.try_handle(input), Err(Unexpected::NoItem { step: name("b"), item: 3 }));
}

#[test]
fn a_decision_under_a_closed_gate_is_taken_down_and_starts_nothing() {
    let mut rig = parked_in_doubt();
    rig.pace = Pace::Hold;
    assert_eq!(rig.resolve("b", success()), Ok(vec![resolved_as("b", SUCCEEDED), succeeded("b")]));
    rig.pace = Pace::Go;
    assert_eq!(rig.later(0), [started("c", 1)]);
}

#[test]
fn i6_no_journal_has_a_success_that_nobody_decided() {
    let rig = parked_in_doubt();
    let mut state = rig.machine.state().clone();
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_err());
    assert!(state.apply(&rig.definition, &resolved_as("b", SUCCEEDED), rig.now).is_ok());
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_ok());
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_err());
}

#[test]
fn who_and_why_are_in_the_journal() {
    let mut rig = parked_in_doubt();
    rig.resolve("b", success()).expect("it is parked");
    let last = rig.journal.last().expect("it has entries");
    assert!(matches!(&last.events[0], Event::Resolved { who, note, .. } if who == "ann" && note == "fixed"));
}
