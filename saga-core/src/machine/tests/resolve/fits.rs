//! Which decisions fit what is parked, by where it is and why.

use super::*;

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
fn i7_nobody_does_a_step_after_the_decision() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &[]);
    rig.pace = Pace::Hold;
    rig.ok("a");
    rig.park("p", ParkReason::Decode);
    fit(&rig, "p", RETRY_OR_SUCCEEDED);
    rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    fit(&rig, "p", RETRY);
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
