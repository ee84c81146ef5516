//! Steps that run once for each item of a list.

use super::rig::*;
use crate::definition::{FanOut, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{CheckNext, CompensationNext, Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::{AttemptEnd, Input, Pace, Question, Unexpected};
use crate::outcome::StepState;

/// Two items at once.
fn fan(name: &str) -> StepDefinition {
    step(name).fan_out(2)
}

/// `a` with so many items, the first two of them under way.
fn listed_rig(steps: Vec<StepDefinition>, count: usize) -> Rig {
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.lists("a", count);
    rig
}

#[test]
fn items_are_listed_once_and_start_in_order_a_few_at_once() {
    let mut rig = Rig::begin_and_pass(chain([fan("a"), step("b")]), &[]);
    assert_eq!(rig.machine.question(), Some(Question::Items(rig.index("a"))));
    assert_eq!(rig.lists("a", 4), [listed("a", 4), started("a/0", 1), started("a/1", 1)]);
    assert_eq!(rig.machine.question(), None);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1"), started("a/2", 1)]);
    assert_eq!(rig.ok("a/2"), [succeeded("a/2"), started("a/3", 1)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0")]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Running);
    assert_eq!(rig.machine.status().steps[0].attempts, 4);
    assert_eq!(rig.ok("a/3"), [succeeded("a/3"), started("b", 1)]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Succeeded);
    assert_eq!(rig.ok("b"), [succeeded("b"), Event::Completed]);
}

#[test]
fn no_items_is_success() {
    let mut rig = Rig::begin_and_pass(chain([fan("a"), step("b")]), &[]);
    assert_eq!(rig.lists("a", 0), [listed("a", 0), started("b", 1)]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Succeeded);
    assert_eq!(
        rig.fail("b", FaultKind::Rejected),
        [
            failed("b", 1, FaultKind::Rejected, Next::Void),
            decided("b", FailureKind::Rejected, 1),
            Event::Compensated
        ]
    );
}

#[test]
fn too_many_items_park_and_are_listed_again_on_retry() {
    let mut rig = Rig::begin_and_pass(chain([fan("a")]), &[]);
    let events = rig.lists("a", FanOut::ITEMS_MAX + 1);
    assert!(matches!(events[..], [Event::Parked { reason: ParkReason::TooManyItems, item: None, .. }]));
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Parked);
    assert_eq!(rig.retry(), [resolved("a")]);
    assert_eq!(rig.lists("a", 1), [listed("a", 1), started("a/0", 1)]);
}

#[test]
fn an_item_is_tried_again_and_holds_its_place_meanwhile() {
    let mut rig = listed_rig(chain([fan("a")]), 3);
    let next = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a/0", FaultKind::NotDone), [failed("a/0", 1, FaultKind::NotDone, next)]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
    assert_eq!(rig.ok("a/1"), [succeeded("a/1"), started("a/2", 1)]);
    assert_eq!(rig.ok("a/2"), [succeeded("a/2")]);
    assert_eq!(rig.machine.status().steps[0].state, StepState::Waiting);
    assert_eq!(rig.later(99), []);
    assert_eq!(rig.later(1), [started("a/0", 2)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), Event::Completed]);
}

#[test]
fn the_delays_of_items_have_jitter_of_their_own() {
    let mut rig = listed_rig(chain([fan("a").retry(plain_retry(3).jitter(true))]), 2);
    let delays = ["a/0", "a/1"].map(|item| match rig.fail(item, FaultKind::NotDone)[..] {
        [Event::AttemptFailed { next: Next::RetryAt(at), .. }] => at,
        ref other => panic!("{other:?}"),
    });
    assert_ne!(delays[0], delays[1]);
}

#[test]
fn i8_one_item_refused_compensates_those_that_are_done_and_the_others_never_start() {
    let mut rig = Rig::begin_and_pass(chain([step("z"), fan("a")]), &["z"]);
    rig.lists("a", 5);
    rig.ok("a/0");
    assert_eq!(
        rig.fail("a/2", FaultKind::Rejected),
        [
            failed("a/2", 1, FaultKind::Rejected, Next::Void),
            decided("a/2", FailureKind::Rejected, 1),
            compensating("a/0", 1)
        ]
    );
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!((failure.step, failure.item), (Some(name("a")), Some(2)));
    assert_eq!(rig.machine.status().steps[1].state, StepState::Running);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1"), compensating("a/1", 1)]);
    assert_eq!(rig.machine.status().steps[1].state, StepState::Compensating);
    assert_eq!(rig.compensated("a/0"), [compensation_succeeded("a/0")]);
    assert_eq!(rig.compensated("a/1"), [compensation_succeeded("a/1"), compensating("z", 1)]);
    assert_eq!(rig.machine.status().steps[1].state, StepState::Compensated);
    assert_eq!(rig.compensated("z"), [compensation_succeeded("z"), Event::Compensated]);
}

#[test]
fn i8_an_item_in_doubt_is_compensated_too() {
    let mut rig = listed_rig(chain([fan("a")]), 3);
    assert_eq!(
        rig.fail("a/1", FaultKind::InDoubt),
        [
            failed("a/1", 1, FaultKind::InDoubt, Next::InDoubt),
            decided("a/1", FailureKind::InDoubt, 1),
            compensating("a/1", 1)
        ]
    );
    assert_eq!(
        rig.fail("a/0", FaultKind::InDoubt),
        [failed("a/0", 1, FaultKind::InDoubt, Next::InDoubt), compensating("a/0", 1)]
    );
}

#[test]
fn i11_items_are_compensated_when_what_comes_after_the_step_is_the_last_first_and_a_few_at_once() {
    let mut rig = listed_rig(chain([fan("a"), step("b"), step("c")]), 4);
    for item in ["a/0", "a/1", "a/2", "a/3", "b"] {
        rig.ok(item);
    }
    let events = rig.fail("c", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&compensating("b", 1)));
    assert_eq!(
        rig.compensated("b"),
        [compensation_succeeded("b"), compensating("a/3", 1), compensating("a/2", 1)]
    );
    assert_eq!(rig.compensated("a/2"), [compensation_succeeded("a/2"), compensating("a/1", 1)]);
    // What waits to be tried again does not hold up the others.
    let next = CompensationNext::RetryAt(rig.after(100));
    assert_eq!(
        rig.compensation_fails("a/3", FaultKind::NotDone),
        [compensation_failed("a/3", 1, FaultKind::NotDone, next), compensating("a/0", 1)]
    );
    assert_eq!(rig.later(100), [], "two run");
    assert_eq!(rig.machine.next_wake(), None, "it waits for a place, not for a time");
    assert_eq!(rig.compensated("a/1"), [compensation_succeeded("a/1"), compensating("a/3", 2)]);
    assert_eq!(rig.compensated("a/0"), [compensation_succeeded("a/0")]);
    assert_eq!(rig.compensated("a/3"), [compensation_succeeded("a/3"), Event::Compensated]);
}

#[test]
fn items_whose_compensation_needs_the_output_are_settled_each_by_itself() {
    let needy = step_with("a", OutputUse::Required).idempotent().fan_out(3);
    let mut rig = listed_rig(chain([needy]), 3);
    rig.fail("a/0", FaultKind::InDoubt);
    assert_eq!(
        rig.fail("a/1", FaultKind::Rejected),
        [
            failed("a/1", 1, FaultKind::Rejected, Next::Void),
            decided("a/1", FailureKind::Rejected, 1),
            started("a/0", 2)
        ]
    );
    assert_eq!(
        rig.fail("a/2", FaultKind::InDoubt),
        [failed("a/2", 1, FaultKind::InDoubt, Next::RetryAt(rig.now)), started("a/2", 2)]
    );
    assert_eq!(rig.fail("a/2", FaultKind::Rejected), [failed("a/2", 2, FaultKind::Rejected, Next::Void)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), compensating("a/0", 1)]);
    assert_eq!(rig.compensated("a/0"), [compensation_succeeded("a/0"), Event::Compensated]);
}

#[test]
fn items_in_doubt_are_checked_each_by_itself_when_their_time_has_come() {
    let checked = step_with("a", OutputUse::Required).idempotent().check(check()).fan_out(3);
    let mut rig = listed_rig(chain([checked]), 3);
    rig.fail("a/0", FaultKind::InDoubt);
    rig.now = rig.after(50);
    rig.fail("a/1", FaultKind::InDoubt);
    rig.fail("a/2", FaultKind::Rejected);
    assert_eq!(rig.machine.status().steps[0].state, StepState::InDoubt);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(950)));
    assert_eq!(rig.later(950), [check_started("a/0", 1)]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(50)));
    let next = CheckNext::CheckAt(rig.after(100));
    assert_eq!(rig.check_ends("a/0", AttemptEnd::Unknown), [check_unknown("a/0", 1, next)]);
    assert_eq!(rig.later(50), [check_started("a/1", 1)]);
    assert_eq!(rig.check_ends("a/1", AttemptEnd::NothingDone), [checked_void("a/1", Next::Void)]);
    assert_eq!(rig.later(50), [check_started("a/0", 2)]);
    assert_eq!(
        rig.check_ends("a/0", AttemptEnd::NothingDone),
        [checked_void("a/0", Next::Void), Event::Compensated]
    );
}

#[test]
fn a_parked_item_shows_and_no_other_starts_until_it_is_resolved() {
    let mut rig = listed_rig(chain([fan("a").park_in_doubt()]), 4);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("a/1", FaultKind::InDoubt), [failed("a/1", 1, FaultKind::InDoubt, next)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.item, parked.attempts), (name("a"), Some(1), 1));
    assert_eq!(rig.machine.status().steps[0].state, StepState::Parked);
    assert_eq!(rig.retry(), [resolved("a/1"), started("a/1", 2), started("a/2", 1)]);
}

#[test]
fn every_parked_item_is_tried_again_on_retry() {
    let mut rig = listed_rig(chain([fan("a").park_in_doubt()]), 2);
    rig.fail("a/1", FaultKind::InDoubt);
    rig.fail("a/0", FaultKind::InDoubt);
    assert_eq!(rig.machine.parked().and_then(|parked| parked.item), Some(0));
    assert_eq!(rig.retry(), [resolved("a/0"), resolved("a/1"), started("a/0", 2), started("a/1", 2)]);
}

#[test]
fn an_item_can_be_parked_from_outside() {
    let mut rig = listed_rig(chain([fan("a")]), 3);
    assert_eq!(rig.park("a/1", ParkReason::Decode), [blocked("a/1", ParkReason::Decode)]);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1")]);
    rig.fail("a/0", FaultKind::NotDone);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.later(100), []);
    assert_eq!(rig.retry(), [resolved("a/1"), started("a/0", 2), started("a/2", 1)]);
}

#[test]
fn i8_a_compensation_of_an_item_that_is_refused_parks_after_the_others_have_run() {
    let mut rig = listed_rig(chain([fan("a"), step("b")]), 3);
    for item in ["a/0", "a/1", "a/2"] {
        rig.ok(item);
    }
    rig.fail("b", FaultKind::Rejected);
    let next = CompensationNext::Park(ParkReason::Refused);
    assert_eq!(
        rig.compensation_fails("a/2", FaultKind::Rejected),
        [compensation_failed("a/2", 1, FaultKind::Rejected, next), compensating("a/0", 1)]
    );
    rig.compensated("a/1");
    assert_eq!(rig.compensated("a/0"), [compensation_succeeded("a/0")]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("a/2"), compensating("a/2", 2)]);
    assert_eq!(rig.compensated("a/2"), [compensation_succeeded("a/2"), Event::Compensated]);
}

#[test]
fn what_of_the_items_goes_on_by_itself_is_not_parked() {
    let mut rig = listed_rig(chain([fan("a").park_in_doubt()]), 2);
    rig.fail("a/0", FaultKind::InDoubt);
    rig.fail("a/1", FaultKind::NotDone);
    assert_eq!(rig.machine.instance_state(), InstanceState::Running);
    assert_eq!(rig.later(100), [started("a/1", 2)]);

    let refused = CompensationNext::Park(ParkReason::Refused);
    let mut rig = listed_rig(vec![step("a").fan_out(1), step("c"), step("b").after(&[0, 1])], 2);
    for step in ["a/0", "a/1", "c"] {
        rig.ok(step);
    }
    rig.fail("b", FaultKind::Rejected);
    rig.pace = Pace::Hold;
    rig.compensated("a/1");
    let kind = FaultKind::Rejected;
    assert_eq!(rig.compensation_fails("c", kind), [compensation_failed("c", 1, kind, refused.clone())]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating, "a/0 is yet to be compensated");

    let needy = step_with("a", OutputUse::Required).idempotent().fan_out(2).max_running(1);
    let mut rig = listed_rig(vec![needy, step("c")], 2);
    rig.ok("c");
    rig.fail("a/0", FaultKind::InDoubt);
    rig.room = 0;
    rig.fail("a/1", FaultKind::Rejected);
    assert_eq!(rig.compensation_fails("c", kind), [compensation_failed("c", 1, kind, refused)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating, "a/0 is yet to be settled");
}

#[test]
fn i5_lost_items_are_called_again_in_the_same_entry() {
    let mut rig = listed_rig(chain([fan("a").idempotent()]), 3);
    rig.ok("a/0");
    let next = Next::RetryAt(rig.now);
    assert_eq!(
        rig.crash(),
        [lost("a/1", 1, next.clone()), lost("a/2", 1, next), started("a/1", 2), started("a/2", 2)]
    );
}

#[test]
fn i7_several_lost_items_make_one_decision() {
    let mut rig = listed_rig(chain([fan("a")]), 3);
    assert_eq!(
        rig.crash(),
        [
            lost("a/0", 1, Next::InDoubt),
            decided_by_loss("a/0", 1),
            lost("a/1", 1, Next::InDoubt),
            compensating("a/1", 1),
            compensating("a/0", 1)
        ]
    );
}

#[test]
fn i10_a_late_result_of_an_item_does_not_end_another_attempt_or_item() {
    let mut rig = listed_rig(chain([fan("a")]), 3);
    let step = rig.index("a");
    let end = |item, attempt| Input::StepEnded { step, item, attempt, end: AttemptEnd::Unknown };
    let not_running = |attempt| Err(Unexpected::NotRunning { step: name("a"), attempt });
    assert_eq!(rig.try_handle(end(Some(2), 1)), not_running(1));
    assert_eq!(rig.try_handle(end(Some(0), 2)), not_running(2));
    assert_eq!(rig.try_handle(end(None, 1)), not_running(1));
    assert_eq!(rig.try_handle(end(Some(3), 1)), Err(Unexpected::NoItem { step: name("a"), item: 3 }));
}

#[test]
fn i12_an_item_after_the_pivot_is_tried_until_it_succeeds() {
    let late = retriable("a").idempotent().fan_out(2);
    let mut rig = Rig::begin_and_pass(chain([pivot("p").idempotent(), late]), &["p"]);
    rig.lists("a", 2);
    for attempt in 1..=10 {
        assert!(!rig.machine.needs_attention(), "before attempt {attempt}");
        let events = rig.fail("a/1", FaultKind::NotDone);
        assert!(matches!(events[..], [Event::AttemptFailed { next: Next::RetryAt(_), .. }]), "{events:?}");
        rig.now = rig.machine.next_wake().expect("it waits");
        assert_eq!(rig.handle(Input::Proceed), [started("a/1", attempt + 1)]);
    }
    assert!(rig.machine.needs_attention(), "I13");
    let refused = Next::Park(ParkReason::Refused);
    assert_eq!(rig.fail("a/0", FaultKind::Rejected), [failed("a/0", 1, FaultKind::Rejected, refused)]);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1")]);
    assert!(!rig.machine.needs_attention());
    assert_eq!(rig.retry(), [resolved("a/0"), started("a/0", 2)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), Event::Completed]);
}

#[test]
fn items_that_have_no_effect_are_not_compensated() {
    let mut rig = listed_rig(chain([read_only("a").fan_out(2), step("b")]), 2);
    rig.ok("a/0");
    rig.ok("a/1");
    let events = rig.fail("b", FaultKind::Rejected);
    assert_eq!(events.last(), Some(&Event::Compensated));
}

#[test]
fn fewer_places_after_a_deployment_hold_up_settling_too() {
    let needy = |places| step_with("a", OutputUse::Required).idempotent().fan_out(places);
    let mut rig = listed_rig(chain([needy(2)]), 2);
    rig.fail("a/0", FaultKind::InDoubt);
    rig.fail("a/1", FaultKind::InDoubt);
    let steps = chain([needy(1)]);
    rig.definition = std::sync::Arc::new(crate::definition::Definition::new("saga", 1, steps, 0));
    rig.crash();
    let events = rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    assert_eq!(events, [turned(FailureKind::Cancelled, "why"), started("a/0", 2)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), started("a/1", 2)]);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1"), compensating("a/1", 1)]);
}

#[test]
fn fewer_places_after_a_deployment_hold_up_the_next_item_only() {
    let mut rig = listed_rig(chain([fan("a").idempotent()]), 4);
    let steps = chain([step("a").idempotent().fan_out(1)]);
    rig.definition = std::sync::Arc::new(crate::definition::Definition::new("saga", 1, steps, 0));
    let next = Next::RetryAt(rig.now);
    assert_eq!(rig.crash(), [lost("a/0", 1, next.clone()), lost("a/1", 1, next), started("a/0", 2)]);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), started("a/1", 2)]);
    assert_eq!(rig.ok("a/1"), [succeeded("a/1"), started("a/2", 1)]);
}
