//! The pivot, and the steps after it.

use std::time::Duration;

use super::rig::*;
use crate::definition::{StepDefinition, StepKind};
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, InstanceState, Next, ParkReason};
use crate::machine::{AttemptEnd, Input};
use crate::retry::RetryPolicy;

#[test]
fn i12_a_refused_pivot_compensates_what_was_before_it() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    assert_eq!(
        rig.fail("p", FaultKind::Rejected),
        [
            failed("p", 1, FaultKind::Rejected, Next::Void),
            decided("p", FailureKind::Rejected, 1),
            compensating("a", 1)
        ]
    );
    assert_eq!(rig.compensated("a"), [compensation_succeeded("a"), Event::Compensated]);
}

#[test]
fn i12_a_pivot_whose_budget_is_spent_without_effect_compensates() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    for delay in [100, 200] {
        rig.fail("p", FaultKind::NotDone);
        rig.later(delay);
    }
    assert_eq!(
        rig.fail("p", FaultKind::NotDone),
        [
            failed("p", 3, FaultKind::NotDone, Next::Void),
            decided("p", FailureKind::NotDone, 3),
            compensating("a", 1)
        ]
    );
}

#[test]
fn i12_an_idempotent_pivot_in_doubt_is_called_without_limit_whatever_comes_after() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    let kinds = [FaultKind::InDoubt, FaultKind::NotDone, FaultKind::InDoubt, FaultKind::NotDone];
    for (attempt, kind) in (1..).zip(kinds.into_iter().cycle().take(20)) {
        let events = rig.fail("p", kind);
        assert!(
            matches!(events[..], [Event::AttemptFailed { next: Next::RetryAt(_), .. }]),
            "attempt {attempt}: {events:?}"
        );
        assert_eq!(rig.machine.needs_attention(), attempt >= 10);
        rig.now = rig.machine.next_wake().expect("it waits");
        assert_eq!(rig.handle(Input::Proceed), [started("p", attempt + 1)]);
    }
    assert_eq!(rig.ok("p"), [succeeded("p"), Event::Completed]);
}

#[test]
fn a_pivot_in_doubt_follows_its_policy_for_doubt_and_no_other() {
    // The limit that it has before is that of a step that says nothing, and means what it says all the same.
    let before = RetryPolicy::FORWARD.jitter(false);
    let in_doubt = endless_retry().initial(Duration::from_secs(1)).max(Duration::from_secs(90));
    let steps = chain([pivot("p").idempotent().retry(before).retry_in_doubt(in_doubt)]);
    let mut rig = Rig::begin_and_pass(steps, &[]);
    let kinds = [FaultKind::NotDone, FaultKind::InDoubt, FaultKind::NotDone].into_iter();
    let kinds = kinds.chain(std::iter::repeat(FaultKind::InDoubt));
    let delays = [100, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 90_000, 90_000, 90_000, 90_000];
    for ((attempt, kind), delay) in (1..).zip(kinds).zip(delays) {
        let next = Next::RetryAt(rig.after(delay));
        assert_eq!(rig.fail("p", kind), [failed("p", attempt, kind, next)]);
        assert_eq!(rig.later(delay), [started("p", attempt + 1)]);
    }
}

#[test]
fn a_pivot_that_says_nothing_of_its_own_waits_up_to_a_minute_in_doubt() {
    let silent = StepDefinition::new("p", StepKind::Pivot).idempotent();
    let mut rig = Rig::begin_and_pass(chain([silent]), &[]);
    let mut longest = 0;
    for _ in 0..30 {
        rig.fail("p", FaultKind::InDoubt);
        let wake = rig.machine.next_wake().expect("it waits");
        longest = longest.max(wake.since(rig.now).as_millis());
        rig.now = wake;
        rig.handle(Input::Proceed);
    }
    assert!((30_001..=60_000).contains(&longest), "{longest}");
}

#[test]
fn i12_a_pivot_in_doubt_is_checked() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").check(check())]), &["a"]);
    let next = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.fail("p", FaultKind::InDoubt), [failed("p", 1, FaultKind::InDoubt, next)]);
    assert_eq!(rig.later(1_000), [check_started("p", 1)]);
    assert_eq!(
        rig.check_ends("p", AttemptEnd::NothingDone),
        [checked_void("p", Next::Void), decided("p", FailureKind::NotDone, 1), compensating("a", 1)]
    );
}

#[test]
fn i12_a_pivot_in_doubt_that_nothing_can_tell_of_parks_even_after_a_refusal() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").park_in_doubt()]), &["a"]);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("p", FaultKind::InDoubt), [failed("p", 1, FaultKind::InDoubt, next.clone())]);
    assert_eq!(rig.retry(), [resolved("p"), started("p", 2)]);
    assert_eq!(rig.fail("p", FaultKind::Rejected), [failed("p", 2, FaultKind::Rejected, next)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
}

#[test]
fn i12_after_the_pivot_a_refusal_parks() {
    let mut rig = Rig::begin_and_pass(chain([pivot("p").idempotent(), retriable("r").idempotent()]), &["p"]);
    let next = Next::Park(ParkReason::Refused);
    assert_eq!(rig.fail("r", FaultKind::Rejected), [failed("r", 1, FaultKind::Rejected, next)]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.retry(), [resolved("r"), started("r", 2)]);
    assert_eq!(rig.ok("r"), [succeeded("r"), Event::Completed]);
}

#[test]
fn i12_after_the_pivot_a_spent_budget_parks() {
    let steps = chain([pivot("p").idempotent(), read_only("look")]);
    for kind in [FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(steps.clone(), &["p"]);
        for delay in [100, 200] {
            rig.fail("look", kind);
            rig.later(delay);
        }
        let next = Next::Park(ParkReason::BudgetSpent);
        assert_eq!(rig.fail("look", kind), [failed("look", 3, kind, next)]);
        // A person's Retry is a new budget.
        assert_eq!(rig.retry(), [resolved("look"), started("look", 4)]);
        let next = Next::RetryAt(rig.after(100));
        assert_eq!(rig.fail("look", kind), [failed("look", 4, kind, next)]);
    }
}

#[test]
fn after_the_pivot_a_read_only_step_is_tried_as_its_policy_says() {
    for (policy, is_limited) in [(RetryPolicy::FORWARD, true), (RetryPolicy::PERSISTENT, false)] {
        let steps = chain([pivot("p").idempotent(), read_only("look").retry(policy)]);
        let mut rig = Rig::begin_and_pass(steps, &["p"]);
        for attempt in 1..=9 {
            rig.fail("look", FaultKind::NotDone);
            rig.now = rig.machine.next_wake().expect("it waits");
            assert_eq!(rig.handle(Input::Proceed), [started("look", attempt + 1)]);
        }
        rig.fail("look", FaultKind::NotDone);
        assert_eq!(rig.machine.instance_state() == InstanceState::Parked, is_limited);
    }
}

#[test]
fn i12_a_retriable_step_in_doubt_that_nothing_can_tell_of_parks() {
    let steps = chain([pivot("p").idempotent(), retriable("r").park_in_doubt()]);
    let mut rig = Rig::begin_and_pass(steps, &["p"]);
    let next = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.fail("r", FaultKind::InDoubt), [failed("r", 1, FaultKind::InDoubt, next)]);
}
