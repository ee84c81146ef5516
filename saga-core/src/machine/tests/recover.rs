//! The process died: what was running is lost, what was decided stands.

use std::time::Duration;

use super::rig::*;
use crate::definition::{OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{
    CheckNext, CompensationNext, Event, FailureKind, InstanceState, Loss, Next, ParkReason,
};
use crate::machine::{AttemptEnd, Input, Pace};
use crate::time::Timestamp;

/// What the journal says of a lost check or compensation.
#[test]
fn i5_a_lost_attempt_of_an_idempotent_step_is_called_again_in_the_same_entry() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    let next = Next::RetryAt(rig.now);
    assert_eq!(rig.crash(), [lost("a", 1, next), started("a", 2)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), Event::Completed]);
}

#[test]
fn a_lost_attempt_counts() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    rig.crash();
    rig.crash();
    assert_eq!(rig.crash(), [lost("a", 3, Next::InDoubt), decided_by_loss("a", 3), compensating("a", 1)]);
}

#[test]
fn i8_a_lost_attempt_of_a_step_that_is_not_idempotent_is_compensated() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    assert_eq!(rig.crash(), [lost("b", 1, Next::InDoubt), decided_by_loss("b", 1), compensating("b", 1)]);
}

#[test]
fn a_lost_attempt_is_checked_or_parks_as_its_step_says() {
    let mut rig = Rig::begin_and_pass(chain([step("a").check(check())]), &[]);
    let next = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.crash(), [lost("a", 1, next)]);
    let mut rig = Rig::begin_and_pass(chain([step("a").park_in_doubt()]), &[]);
    assert_eq!(rig.crash(), [lost("a", 1, Next::Park(ParkReason::InDoubt))]);
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
}

#[test]
fn i12_a_lost_pivot_is_never_compensated_around() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    for attempt in 1..=20 {
        let next = Next::RetryAt(rig.now);
        assert_eq!(rig.crash(), [lost("p", attempt, next), started("p", attempt + 1)]);
    }
}

#[test]
fn a_lost_read_only_attempt_is_called_again_and_then_void() {
    let mut rig = Rig::begin_and_pass(chain([read_only("look")]), &[]);
    rig.crash();
    rig.crash();
    assert_eq!(rig.crash(), [lost("look", 3, Next::Void), decided_by_loss("look", 3), Event::Compensated]);
}

#[test]
fn i7_a_recovery_of_several_attempts_decides_once() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b")], &[]);
    assert_eq!(
        rig.crash(),
        [
            lost("a", 1, Next::InDoubt),
            decided_by_loss("a", 1),
            lost("b", 1, Next::InDoubt),
            compensating("b", 1),
            compensating("a", 1)
        ]
    );
}

#[test]
fn i7_a_decision_on_record_is_not_taken_again() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b")], &[]);
    rig.fail("a", FaultKind::Rejected);
    assert_eq!(rig.crash(), [lost("b", 1, Next::InDoubt), compensating("b", 1)]);
}

#[test]
fn a_lost_attempt_after_the_decision_is_settled_at_once() {
    let needy = step_with("b", OutputUse::Required).idempotent();
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("a", FaultKind::Rejected);
    for attempt in 1..=5 {
        let next = Next::RetryAt(rig.now);
        assert_eq!(rig.crash(), [lost("b", attempt, next), started("b", attempt + 1)]);
    }
}

#[test]
fn i10_a_lost_compensation_is_called_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    let next = CompensationNext::RetryAt(rig.now);
    assert_eq!(rig.crash(), [compensation_lost("a", 1, Loss::CutOff, next), compensating("a", 2)]);
}

#[test]
fn a_lost_check_is_asked_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a").check(check())]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.later(1_000);
    let next = CheckNext::CheckAt(rig.now);
    assert_eq!(rig.crash(), [check_lost("a", 1, Loss::CutOff, next), check_started("a", 2)]);
}

#[test]
fn nothing_is_lost_where_nothing_runs() {
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    rig.fail("a", FaultKind::NotDone);
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.later(100), [started("a", 2)]);
}

#[test]
fn a_recovery_while_held_takes_down_the_loss_and_starts_later() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    rig.pace = Pace::Hold;
    assert_eq!(rig.crash(), [lost("a", 1, Next::RetryAt(rig.now))]);
    rig.pace = Pace::Go;
    assert_eq!(rig.handle(Input::Proceed), [started("a", 2)]);
}

#[test]
fn what_was_ready_and_not_started_starts() {
    let (mut rig, _) = Rig::begin_at(chain([step("a")]), Pace::Hold);
    rig.pace = Pace::Go;
    assert_eq!(rig.crash(), [started("a", 1)]);
}

const DAY: u64 = 86_400_000;

/// The process dies, and when the instance is read back the clock has gone back by a day.
fn crash_a_day_back(rig: &mut Rig) -> Vec<Event> {
    rig.now = Timestamp::from_millis(rig.now.as_millis() - DAY);
    rig.crash()
}

/// An instance that began late enough for the clock to go back.
fn begun_late(steps: Vec<StepDefinition>) -> Rig {
    let (mut rig, _) = Rig::begin_at(steps, Pace::Hold);
    rig.pace = Pace::Go;
    rig.later(3 * DAY);
    rig
}

#[test]
fn i26_a_wait_begins_anew_when_the_clock_went_back_and_does_not_last_for_a_day() {
    let mut rig = begun_late(chain([step("a")]));
    rig.fail("a", FaultKind::NotDone);
    assert_eq!(crash_a_day_back(&mut rig), [Event::ClockChanged]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
    assert_eq!(rig.later(99), []);
    assert_eq!(rig.later(1), [started("a", 2)]);
}

#[test]
fn i26_a_wait_begins_anew_once_however_often_the_instance_is_read_back() {
    let mut rig = begun_late(chain([step("a").delay(Duration::from_millis(100))]));
    assert_eq!(crash_a_day_back(&mut rig), [Event::ClockChanged]);
    let over = rig.after(100);
    for _ in 0..3 {
        assert_eq!(rig.later(30), []);
        assert_eq!(rig.crash(), []);
        assert_eq!(rig.machine.next_wake(), Some(over));
    }
    assert_eq!(rig.later(10), [started("a", 1)]);
}

#[test]
fn i26_a_wait_that_begins_after_that_lasts_as_long_as_it_should() {
    let mut rig = begun_late(chain([step("a")]));
    rig.fail("a", FaultKind::NotDone);
    crash_a_day_back(&mut rig);
    rig.later(100);
    rig.now = rig.after(5_000);
    let next = Next::RetryAt(rig.after(200));
    assert_eq!(rig.fail("a", FaultKind::NotDone), [failed("a", 2, FaultKind::NotDone, next)]);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(200)));
}

#[test]
fn i26_delays_messages_checks_and_items_do_not_wait_for_a_day_either() {
    let second = Duration::from_secs(1);
    let mut delayed = begun_late(chain([step("a").delay(second)]));
    assert_eq!(crash_a_day_back(&mut delayed), [Event::ClockChanged]);
    assert_eq!(delayed.later(1_000), [started("a", 1)]);

    let mut silent = begun_late(chain([step("a").signal(Some(second))]));
    assert_eq!(crash_a_day_back(&mut silent), [Event::ClockChanged]);
    assert_eq!(silent.later(1_000).first(), Some(&missed("a", Next::Void)));

    let mut checked = begun_late(chain([step("a").check(check())]));
    checked.fail("a", FaultKind::InDoubt);
    assert_eq!(crash_a_day_back(&mut checked), [Event::ClockChanged]);
    assert_eq!(checked.machine.next_wake(), Some(checked.after(1_000)));
    assert_eq!(checked.later(1_000), [check_started("a", 1)]);

    let mut items = begun_late(chain([step("a").fan_out(2)]));
    items.lists("a", 2);
    items.fail("a/0", FaultKind::NotDone);
    items.fail("a/1", FaultKind::NotDone);
    assert_eq!(crash_a_day_back(&mut items), [Event::ClockChanged]);
    assert_eq!(items.machine.next_wake(), Some(items.after(100)));
    assert_eq!(items.later(100), [started("a/0", 2), started("a/1", 2)]);
}

#[test]
fn i26_a_check_waits_anew_for_requests_when_another_process_reads_it_back() {
    let mut rig = begun_late(chain([step("a").check(check())]));
    rig.fail("a", FaultKind::InDoubt);
    rig.now = rig.after(DAY);
    assert_eq!(rig.crash(), [Event::ClockChanged], "nobody knows whether a day has passed");
    assert_eq!(rig.machine.next_wake(), Some(rig.after(1_000)));
    assert_eq!(rig.later(999), []);
    assert_eq!(rig.later(1), [check_started("a", 1)]);
    // Once it has waited, a check that cannot tell is asked again as its policy says.
    rig.check_ends("a", AttemptEnd::Unknown);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
    assert_eq!(rig.crash(), []);
    assert_eq!(rig.machine.next_wake(), Some(rig.after(100)));
}

#[test]
fn i26_items_and_what_is_parked_wait_anew_for_requests_too() {
    let mut items = begun_late(chain([step("a").check(check()).fan_out(2)]));
    items.lists("a", 2);
    items.fail("a/0", FaultKind::InDoubt);
    items.fail("a/1", FaultKind::InDoubt);
    items.now = items.after(DAY);
    assert_eq!(items.crash(), [Event::ClockChanged]);
    assert_eq!(items.machine.next_wake(), Some(items.after(1_000)));
    assert_eq!(items.later(999), []);
    assert_eq!(items.later(1), [check_started("a/0", 1), check_started("a/1", 1)]);

    let parks = step_with("a", OutputUse::Required).check(check()).park_in_doubt();
    let mut parked = begun_late(chain([parks]));
    parked.fail("a", FaultKind::InDoubt);
    parked.now = parked.after(DAY);
    assert_eq!(parked.crash(), [Event::ClockChanged]);
    let events = parked.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    assert_eq!(events.len(), 1, "it is decided, and the check waits: {events:?}");
    assert_eq!(parked.later(999), []);
    assert_eq!(parked.later(1), [check_started("a", 1)]);
}

#[test]
fn i26_where_nothing_waits_for_requests_another_clock_says_nothing() {
    let mut rig = begun_late(chain([step("a").idempotent()]));
    rig.fail("a", FaultKind::InDoubt);
    rig.now = rig.after(DAY);
    assert_eq!(rig.crash(), [started("a", 2)]);
}

#[test]
fn i26_a_clock_that_went_ahead_ends_waits_early_and_loses_nothing() {
    let mut rig = Rig::begin_and_pass(chain([step("a").delay(Duration::from_secs(1)), step("b")]), &[]);
    rig.now = rig.after(DAY);
    assert_eq!(rig.crash(), [started("a", 1)]);
    assert_eq!(rig.ok("a"), [succeeded("a"), started("b", 1)]);
}
