//! What takes the process with it is called three times, and no more.

use std::time::Duration;

use super::rig::*;
use crate::definition::{Definition, OutputUse, StepDefinition};
use crate::fault::FaultKind;
use crate::journal::{
    CheckNext, CompensationNext, Event, FailureKind, InstanceState, Loss, Next, ParkReason,
};
use crate::machine::AttemptEnd;

const LOOP: Next = Next::Park(ParkReason::CrashLoop);

/// The step that runs takes the process with it, and does so again when it is called again.
fn dies_alone(rig: &mut Rig, step: &str, attempt: u32) {
    let again = Next::RetryAt(rig.now);
    let expected = [lost_as(step, attempt, Loss::Alone, again), started(step, attempt + 1)];
    assert_eq!(rig.die(Loss::Alone), expected);
}

fn is_parked_in_a_loop(rig: &Rig, step: &str) {
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    let parked = rig.machine.parked().expect("it is parked");
    assert_eq!((parked.step, parked.item), (name(step), item(step)));
    assert_eq!(parked.reason, ParkReason::CrashLoop);
    assert_eq!(parked.message, "its last 3 attempts took the process with them");
}

fn idempotent(name: &str) -> StepDefinition {
    step(name).idempotent().retry(plain_retry(10))
}

#[test]
fn the_third_death_in_a_row_parks_a_step() {
    let mut rig = Rig::begin_and_pass(chain([idempotent("a")]), &[]);
    dies_alone(&mut rig, "a", 1);
    dies_alone(&mut rig, "a", 2);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 3, Loss::Alone, LOOP)]);
    is_parked_in_a_loop(&rig, "a");
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.die(Loss::Alone), [], "the next start is safe from it");
}

#[test]
fn retry_starts_the_count_again() {
    let mut rig = Rig::begin_and_pass(chain([idempotent("a")]), &[]);
    for _ in 0..3 {
        rig.die(Loss::Alone);
    }
    assert_eq!(rig.retry(), [resolved("a"), started("a", 4)]);
    dies_alone(&mut rig, "a", 4);
    dies_alone(&mut rig, "a", 5);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 6, Loss::Alone, LOOP)]);
}

#[test]
fn deaths_that_blame_nobody_neither_count_nor_start_the_count_again() {
    let mut rig = Rig::begin_and_pass(chain([idempotent("a")]), &[]);
    dies_alone(&mut rig, "a", 1);
    for (attempt, loss) in [(2, Loss::Among), (3, Loss::CutOff)] {
        let again = Next::RetryAt(rig.now);
        assert_eq!(rig.die(loss), [lost_as("a", attempt, loss, again), started("a", attempt + 1)]);
    }
    dies_alone(&mut rig, "a", 4);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 5, Loss::Alone, LOOP)]);
}

#[test]
fn an_attempt_that_ends_in_another_way_starts_the_count_again() {
    for kind in [FaultKind::NotDone, FaultKind::InDoubt] {
        let mut rig = Rig::begin_and_pass(chain([idempotent("a")]), &[]);
        dies_alone(&mut rig, "a", 1);
        dies_alone(&mut rig, "a", 2);
        rig.fail("a", kind);
        assert_eq!(rig.later(400), [started("a", 4)]);
        dies_alone(&mut rig, "a", 4);
        dies_alone(&mut rig, "a", 5);
        assert_eq!(rig.die(Loss::Alone), [lost_as("a", 6, Loss::Alone, LOOP)]);
    }
}

#[test]
fn a_step_whose_budget_is_spent_by_its_deaths_parks_and_is_not_compensated_unseen() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent()]), &[]);
    dies_alone(&mut rig, "a", 1);
    dies_alone(&mut rig, "a", 2);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 3, Loss::Alone, LOOP)]);
    is_parked_in_a_loop(&rig, "a");
    let turned = turned(FailureKind::Cancelled, "why");
    assert_eq!(rig.cancel(FailureKind::Cancelled), Ok(vec![turned, compensating("a", 1)]));
}

#[test]
fn who_died_among_others_has_spent_nothing() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent().retry(plain_retry(2))]), &[]);
    for attempt in 1..=5 {
        let again = Next::RetryAt(rig.now);
        let expected = [lost_as("a", attempt, Loss::Among, again), started("a", attempt + 1)];
        assert_eq!(rig.die(Loss::Among), expected);
    }
    let again = Next::RetryAt(rig.after(100));
    assert_eq!(rig.fail("a", FaultKind::InDoubt), [failed("a", 6, FaultKind::InDoubt, again)]);
    rig.later(100);
    assert_eq!(rig.fail("a", FaultKind::InDoubt)[1], decided("a", FailureKind::InDoubt, 7), "all are told");
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent().retry(plain_retry(2))]), &[]);
    rig.die(Loss::CutOff);
    assert_eq!(rig.die(Loss::CutOff)[1], decided_by_loss("a", 2), "what a shutdown cut off has spent one");
}

#[test]
fn a_death_among_others_is_counted_by_no_budget_that_begins_with_the_decision() {
    let needy = step_with("b", OutputUse::Required).idempotent();
    let mut rig = Rig::begin_and_pass(vec![step("a"), needy], &[]);
    rig.fail("a", FaultKind::Rejected);
    assert_eq!(rig.machine.state().steps[1].own.attempts.counted(), 0);
    rig.die(Loss::Among);
    assert_eq!(rig.machine.state().steps[1].own.attempts.counted(), 1, "the one that was started then");
}

#[test]
fn what_may_not_be_called_again_is_not_whoever_is_to_blame() {
    for loss in [Loss::Alone, Loss::Among, Loss::CutOff] {
        let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
        let expected = [lost_as("a", 1, loss, Next::InDoubt), decided_by_loss("a", 1), compensating("a", 1)];
        assert_eq!(rig.die(loss), expected);
        let mut rig = Rig::begin_and_pass(chain([step("a").park_in_doubt()]), &[]);
        assert_eq!(rig.die(loss), [lost_as("a", 1, loss, Next::Park(ParkReason::InDoubt))]);
    }
}

#[test]
fn the_third_death_of_a_compensation_parks_it_and_it_can_be_skipped() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    for attempt in 1..=2 {
        let again = CompensationNext::RetryAt(rig.now);
        let expected = [compensation_lost("a", attempt, Loss::Alone, again), compensating("a", attempt + 1)];
        assert_eq!(rig.die(Loss::Alone), expected);
    }
    let park = CompensationNext::Park(ParkReason::CrashLoop);
    assert_eq!(rig.die(Loss::Alone), [compensation_lost("a", 3, Loss::Alone, park)]);
    is_parked_in_a_loop(&rig, "a");
}

#[test]
fn a_compensation_that_fails_in_another_way_starts_its_count_again() {
    let mut rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    rig.fail("b", FaultKind::Rejected);
    rig.die(Loss::Alone);
    rig.die(Loss::Alone);
    rig.compensation_fails("a", FaultKind::NotDone);
    rig.later(1_000);
    for _ in 4..=5 {
        assert_eq!(rig.die(Loss::Alone).len(), 2, "it is called again");
    }
    assert_eq!(rig.die(Loss::Alone).len(), 1);
    is_parked_in_a_loop(&rig, "a");
}

#[test]
fn the_third_death_of_a_check_parks_it() {
    let mut rig = Rig::begin_and_pass(chain([step("a").check(check())]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    rig.later(1_000);
    for attempt in 1..=2 {
        let again = CheckNext::CheckAt(rig.now);
        let expected = [check_lost("a", attempt, Loss::Alone, again), check_started("a", attempt + 1)];
        assert_eq!(rig.die(Loss::Alone), expected);
    }
    let park = CheckNext::Park(ParkReason::CrashLoop);
    assert_eq!(rig.die(Loss::Alone), [check_lost("a", 3, Loss::Alone, park)]);
    is_parked_in_a_loop(&rig, "a");
    assert_eq!(rig.retry(), [resolved("a"), check_started("a", 4)]);
    rig.check_ends("a", AttemptEnd::Unknown);
    rig.later(10_000);
    assert_eq!(rig.die(Loss::Alone).len(), 2, "it is asked again");
}

#[test]
fn the_deaths_of_a_call_are_not_those_of_its_check() {
    let p = pivot("p").check(check());
    let mut rig = Rig::begin_and_pass(chain([p]), &[]);
    let asked = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.die(Loss::Alone), [lost_as("p", 1, Loss::Alone, asked)]);
    rig.later(1_000);
    for _ in 1..=2 {
        assert_eq!(rig.die(Loss::Alone).len(), 2, "it is asked again");
    }
    assert_eq!(rig.die(Loss::Alone).len(), 1);
    is_parked_in_a_loop(&rig, "p");
}

#[test]
fn a_call_that_may_not_be_repeated_is_checked_after_its_third_death_and_parks_then() {
    let r = retriable("r").check(check());
    let mut rig = Rig::begin_and_pass(chain([pivot("p").idempotent(), r]), &["p"]);
    for attempt in 1..=2 {
        let asked = Next::CheckAt(rig.after(1_000));
        assert_eq!(rig.die(Loss::Alone), [lost_as("r", attempt, Loss::Alone, asked)]);
        rig.later(1_000);
        rig.check_ends("r", AttemptEnd::NothingDone);
        assert_eq!(rig.later(1_000), [started("r", attempt + 1)]);
    }
    let asked = Next::CheckAt(rig.after(1_000));
    assert_eq!(rig.die(Loss::Alone), [lost_as("r", 3, Loss::Alone, asked)]);
    rig.later(1_000);
    assert_eq!(rig.check_ends("r", AttemptEnd::NothingDone), [checked_void("r", LOOP)]);
    is_parked_in_a_loop(&rig, "r");
    assert_eq!(rig.retry(), [resolved("r"), started("r", 4)]);
}

#[test]
fn a_call_that_may_have_been_forgotten_stays_parked_in_doubt() {
    let a = idempotent("a").idempotent_within(Duration::from_secs(1)).park_in_doubt();
    let mut rig = Rig::begin_and_pass(chain([a]), &[]);
    dies_alone(&mut rig, "a", 1);
    dies_alone(&mut rig, "a", 2);
    rig.now = rig.after(1_000);
    let park = Next::Park(ParkReason::InDoubt);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 3, Loss::Alone, park)]);
}

#[test]
fn what_is_not_called_again_after_the_decision_does_not_park() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), idempotent("b")], &[]);
    rig.die(Loss::Alone);
    assert_eq!(rig.machine.instance_state(), InstanceState::Compensating, "a is not idempotent");
    let mut rig = Rig::begin_and_pass(vec![idempotent("b"), step("a").after(&[0])], &[]);
    rig.die(Loss::Alone);
    rig.die(Loss::Alone);
    rig.cancel(FailureKind::Cancelled).expect("it may be cancelled");
    assert_eq!(rig.die(Loss::Alone), [lost_as("b", 3, Loss::Alone, Next::InDoubt), compensating("b", 1)]);
}

#[test]
fn what_is_settled_after_its_deaths_is_called_once_more_and_parks() {
    let needy = step_with("b", OutputUse::Required).idempotent().retry(plain_retry(10));
    let mut rig = Rig::begin_and_pass(chain([needy]), &[]);
    for _ in 0..3 {
        rig.die(Loss::Alone);
    }
    let turned = turned(FailureKind::Cancelled, "why");
    assert_eq!(rig.cancel(FailureKind::Cancelled), Ok(vec![turned, started("b", 4)]));
    assert_eq!(rig.die(Loss::Alone), [lost_as("b", 4, Loss::Alone, LOOP)]);
    is_parked_in_a_loop(&rig, "b");
}

#[test]
fn items_are_counted_by_themselves() {
    let mut rig = Rig::begin_and_pass(chain([idempotent("a").fan_out(1)]), &[]);
    rig.lists("a", 2);
    dies_alone(&mut rig, "a/0", 1);
    dies_alone(&mut rig, "a/0", 2);
    rig.ok("a/0");
    dies_alone(&mut rig, "a/1", 1);
    dies_alone(&mut rig, "a/1", 2);
    assert_eq!(rig.die(Loss::Alone), [lost_as("a/1", 3, Loss::Alone, LOOP)]);
    is_parked_in_a_loop(&rig, "a/1");
}

#[test]
fn i4_the_count_is_in_the_journal_and_no_policy_changes_it() {
    let mut rig = Rig::begin_and_pass(chain([idempotent("a")]), &[]);
    dies_alone(&mut rig, "a", 1);
    dies_alone(&mut rig, "a", 2);
    let other = vec![step("a").idempotent().retry(endless_retry())];
    rig.definition = std::sync::Arc::new(Definition::new("saga", 1, other, 0));
    assert_eq!(rig.die(Loss::Alone), [lost_as("a", 3, Loss::Alone, LOOP)]);
}

#[test]
fn no_journal_parks_what_is_not_called_again_after_the_decision() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), idempotent("b")], &[]);
    rig.fail("a", FaultKind::Rejected);
    let mut state = rig.machine.state().clone();
    let event: Event = lost_as("b", 1, Loss::Alone, LOOP);
    assert!(state.apply(&rig.definition, &event, rig.now).is_err());
}
