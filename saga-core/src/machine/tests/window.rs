//! A service that remembers idempotency keys for a while only.

use std::time::Duration;

use super::rig::*;
use crate::definition::{CompensationDefinition, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::{AttemptEnd, Input, Pace};
use crate::time::Timestamp;

const IN_DOUBT: FaultKind = FaultKind::InDoubt;

/// Its keys are known for ten seconds, and it is tried again after 4 s, 8 s, 16 s.
fn forgetful(step: StepDefinition) -> StepDefinition {
    let retry = plain_retry(5).initial(Duration::from_secs(4));
    let in_doubt = retry.clone().unlimited();
    step.retry(retry).retry_in_doubt(in_doubt).idempotent().idempotent_within(Duration::from_secs(10))
}

/// A pivot in doubt that waits for its third call when its time is over.
fn forgotten(step: StepDefinition) -> Rig {
    let mut rig = Rig::begin_and_pass(chain([forgetful(step)]), &[]);
    let next = Next::RetryAt(rig.after(4_000));
    assert_eq!(rig.fail("a", IN_DOUBT), [failed("a", 1, IN_DOUBT, next)]);
    assert_eq!(rig.later(4_000), [started("a", 2)]);
    let next = Next::RetryAt(rig.after(8_000));
    assert_eq!(rig.fail("a", IN_DOUBT), [failed("a", 2, IN_DOUBT, next)]);
    rig
}

fn parked_in_doubt(events: &[Event]) -> bool {
    matches!(events, [Event::Parked { reason: ParkReason::InDoubt, .. }])
}

#[test]
fn within_its_time_a_step_in_doubt_is_called_again_and_after_that_it_parks() {
    let mut rig = forgotten(pivot("a"));
    let events = rig.later(8_000);
    assert!(parked_in_doubt(&events), "{events:?}");
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    // Who says retry has looked: the key counts as known from then on.
    assert_eq!(rig.retry(), [resolved("a"), started("a", 3)]);
    let events = rig.fail("a", IN_DOUBT);
    assert!(matches!(events[..], [Event::AttemptFailed { next: Next::RetryAt(_), .. }]), "{events:?}");
}

#[test]
fn after_its_time_a_step_with_a_check_is_checked() {
    let mut rig = forgotten(pivot("a").check(check()));
    assert_eq!(rig.later(8_000), [check_started("a", 1)]);
    let events = rig.check_ends("a", AttemptEnd::NothingDone);
    let failure = rig.machine.failure().expect("it failed");
    assert_eq!(events[0], checked_void("a", Next::Void));
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::NotDone, "what the service said"));
}

#[test]
fn the_check_waits_until_no_request_can_be_travelling() {
    let mut rig = forgotten(pivot("a").check(check().after(Duration::from_secs(20))));
    assert_eq!(rig.later(8_000), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(12_000)));
    assert_eq!(rig.later(12_000), [check_started("a", 1)]);
}

#[test]
fn a_failure_in_doubt_after_its_time_is_not_followed_by_another_call() {
    let mut rig = Rig::begin_and_pass(chain([forgetful(pivot("a"))]), &[]);
    rig.now = rig.after(10_000);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("a", IN_DOUBT), [failed("a", 1, IN_DOUBT, next)]);
    let mut rig = Rig::begin_and_pass(chain([forgetful(pivot("a"))]), &[]);
    rig.now = rig.after(9_999);
    let events = rig.fail("a", IN_DOUBT);
    assert!(matches!(events[..], [Event::AttemptFailed { next: Next::RetryAt(_), .. }]), "{events:?}");
}

#[test]
fn a_lost_attempt_that_is_found_after_its_time_is_not_called_again() {
    let mut rig = Rig::begin_and_pass(chain([forgetful(pivot("a")).check(check())]), &[]);
    rig.now = rig.after(10_000);
    assert_eq!(rig.crash(), [lost("a", 1, Next::CheckAt(rig.after(1_000)))]);
}

#[test]
fn i26_a_clock_that_went_back_counts_as_time_that_has_passed() {
    let mut rig = Rig::begin_and_pass(chain([forgetful(pivot("a"))]), &[]);
    rig.now = Timestamp::from_millis(START - 1);
    assert_eq!(rig.crash(), [lost("a", 1, Next::Park(ParkReason::InDoubt))]);
}

#[test]
fn i26_a_clock_that_went_back_between_counts_as_time_that_has_passed() {
    let day = 86_400_000;
    let within = Duration::from_millis(2 * day);
    let a = || step("a").retry(plain_retry(1)).signal(None);
    let b = || pivot("b").idempotent().idempotent_within(within);
    let mut rig = Rig::begin_and_pass(chain([b(), a()]), &[]);
    rig.now = rig.after(day + 1);
    rig.signal("a", "m1");
    rig.now = Timestamp::from_millis(START + 1);
    rig.crash();
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!(parked.reason, ParkReason::InDoubt);
    // A clock that is only set right a little has not gone back.
    let mut rig = Rig::begin_and_pass(chain([b(), a()]), &[]);
    rig.now = rig.after(day);
    rig.signal("a", "m1");
    rig.now = Timestamp::from_millis(rig.now.as_millis() - 1_000);
    assert_eq!(rig.crash(), [lost("b", 1, Next::RetryAt(rig.now)), started("b", 2)]);
}

#[test]
fn i13_a_forgotten_call_that_waits_to_be_repeated_is_woken_and_parks() {
    let (mut rig, _) = Rig::begin_at(chain([forgetful(pivot("a"))]), Pace::Hold);
    rig.pace = Pace::Go;
    rig.later(60_000);
    rig.fail("a", IN_DOUBT);
    rig.now = Timestamp::from_millis(START);
    assert_eq!(rig.crash(), [Event::ClockChanged]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(4_000)));
    let events = rig.later(4_000);
    assert!(parked_in_doubt(&events), "{events:?}");
}

#[test]
fn a_refusal_after_its_time_does_not_tell_of_the_call_in_doubt() {
    let refused = |ms| {
        let needy = forgetful(step_with("a", OutputUse::Required)).check(check());
        let mut rig = Rig::begin_and_pass(chain([needy]), &[]);
        rig.fail("a", IN_DOUBT);
        rig.later(4_000);
        rig.now = rig.after(ms);
        let Some(Event::AttemptFailed { next, .. }) = rig.fail("a", FaultKind::Rejected).first().cloned()
        else {
            panic!("it failed")
        };
        (next, rig.after(1_000))
    };
    let (next, check_at) = refused(6_000);
    assert_eq!(next, Next::CheckAt(check_at));
    assert_eq!(refused(5_999).0, Next::Void);
}

#[test]
fn a_call_that_is_known_to_have_done_nothing_is_repeated_whenever() {
    let mut rig = Rig::begin_and_pass(chain([forgetful(pivot("a"))]), &[]);
    rig.fail("a", FaultKind::NotDone);
    assert_eq!(rig.later(60_000), [started("a", 2)]);
}

#[test]
fn i8_a_step_whose_compensation_can_do_without_the_output_is_compensated() {
    let mut rig = forgotten(step("a"));
    assert_eq!(rig.later(8_000), [decided("a", FailureKind::InDoubt, 2), compensating("a", 1)]);
}

#[test]
fn i8_a_step_whose_compensation_needs_the_output_is_not_settled_by_a_call_after_its_time() {
    let mut rig = forgotten(step_with("a", OutputUse::Required));
    let events = rig.later(8_000);
    assert!(parked_in_doubt(&events), "{events:?}");
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    let events = rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    assert_eq!(events[0], turned(FailureKind::Cancelled, "why"));
    assert!(parked_in_doubt(&events[1..]), "{events:?}");
    assert_eq!(rig.retry(), [resolved("a"), started("a", 3)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), compensating("a", 1)]);
}

#[test]
fn settling_stops_when_its_time_is_over() {
    let compensation = CompensationDefinition::new("compensate", OutputUse::Required);
    let slow = compensation.retry(endless_retry().initial(Duration::from_secs(9)));
    let needy = forgetful(step_with("b", OutputUse::Required)).compensation(slow);
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("b", IN_DOUBT);
    assert_eq!(rig.fail("a", FaultKind::Rejected).last(), Some(&started("b", 2)));
    rig.now = rig.after(1_000);
    let next = Next::RetryAt(rig.after(9_000));
    assert_eq!(rig.fail("b", IN_DOUBT), [failed("b", 2, IN_DOUBT, next)]);
    let events = rig.later(9_000);
    assert!(parked_in_doubt(&events), "{events:?}");
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
}

#[test]
fn an_attempt_under_way_at_the_decision_that_ends_in_doubt_after_its_time_parks() {
    let needy = forgetful(step_with("b", OutputUse::Required));
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("a", FaultKind::Rejected);
    rig.now = rig.after(10_000);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("b", IN_DOUBT), [failed("b", 1, IN_DOUBT, next)]);
}

#[test]
fn i12_after_its_time_a_pivot_in_doubt_has_the_limit_of_its_policy_again() {
    let p = forgetful(pivot("a")).retry(plain_retry(1).initial(Duration::from_secs(4)));
    let mut rig = Rig::begin_and_pass(chain([p]), &[]);
    let next = Next::RetryAt(rig.after(4_000));
    assert_eq!(rig.fail("a", IN_DOUBT), [failed("a", 1, IN_DOUBT, next)]);
    rig.later(4_000);
    rig.now = rig.after(6_000);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 2, FaultKind::NotDone, next)]);
}

#[test]
fn an_item_that_may_not_be_called_again_is_woken_for_its_check() {
    let late = check().after(Duration::from_secs(20));
    let a = forgetful(step("a").check(late)).fan_out(2);
    let mut rig = Rig::begin_and_pass(chain([a]), &[]);
    rig.lists("a", 1);
    rig.fail("a/0", IN_DOUBT);
    rig.now = rig.after(10_000);
    assert_eq!(rig.handle(Input::Proceed), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(10_000)));
    assert_eq!(rig.later(10_000), [check_started("a/0", 1)]);
}

#[test]
fn each_item_has_its_own_time() {
    let mut rig =
        Rig::begin_and_pass(chain([forgetful(read_only("x")), forgetful(step("a")).fan_out(1)]), &["x"]);
    rig.lists("a", 2);
    rig.now = rig.after(9_000);
    rig.ok("a/0");
    rig.now = rig.after(9_000);
    let events = rig.fail("a/1", IN_DOUBT);
    assert!(matches!(events[..], [Event::AttemptFailed { next: Next::RetryAt(_), .. }]), "{events:?}");
    assert_eq!(rig.later(4_000), [decided("a/1", FailureKind::InDoubt, 1), compensating("a/1", 1),]);
}

#[test]
fn a_read_only_step_may_be_called_again_whenever() {
    let mut look = forgetful(read_only("a"));
    look.idempotent = false;
    let mut rig = Rig::begin_and_pass(chain([look]), &[]);
    rig.fail("a", IN_DOUBT);
    assert_eq!(rig.later(60_000), [started("a", 2)]);
}

#[test]
fn i7_items_after_one_that_turns_the_instance_around_are_not_called() {
    let mut rig = Rig::begin_and_pass(chain([forgetful(step("a")).fan_out(1), pivot("b")]), &[]);
    rig.lists("a", 3);
    rig.fail("a/0", IN_DOUBT);
    assert_eq!(rig.later(10_000), [decided("a/0", FailureKind::InDoubt, 1), compensating("a/0", 1)]);
}
