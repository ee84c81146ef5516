//! Single cases.

use sagas::prelude::*;
use sagas::testing::{case, crash_after, fail_at, in_doubt_at};

use crate::sound::{FiveStep, five};

#[tokio::test]
async fn a_refusal_compensates() {
    let (world, outcome) = fail_at(five, 7, FiveStep::Pay).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (Some(FiveStep::Pay), FailureKind::Rejected));
    assert!(world.in_force().is_empty());
}

#[tokio::test]
async fn doubt_that_stays_compensates_what_was_done() {
    let (world, outcome) = in_doubt_at(five, 7, FiveStep::Reserve).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (Some(FiveStep::Reserve), FailureKind::InDoubt));
    assert_eq!(failure.attempts, 3, "as often as its policy says");
    assert!(world.in_force().is_empty());
}

#[tokio::test]
async fn doubt_that_a_check_resolves_goes_on() {
    let (world, outcome) = in_doubt_at(five, 7, FiveStep::Pay).await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.in_force().len(), 5);
}

#[tokio::test]
async fn a_crash_after_a_step_calls_it_again_with_the_same_key() {
    let (world, outcome) = crash_after(five, 7, FiveStep::Ship).id("order-7").await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    let calls = world.lock().calls.clone();
    assert_eq!(calls.iter().filter(|key| *key == "five/order-7/ship").count(), 2, "{calls:?}");
}

#[tokio::test]
async fn several_things_go_wrong_in_one_case() {
    let (world, outcome) =
        case(five, 7).crash_after(FiveStep::CreateOrder).in_doubt_at(FiveStep::Reserve).await;
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    assert!(world.in_force().is_empty());
}

#[tokio::test]
#[should_panic(expected = "a step was not called at which something was to go wrong")]
async fn a_case_that_does_not_come_to_pass_is_told() {
    // Nothing is shipped that was not paid for.
    let _ = case(five, 7).fail_at(FiveStep::Pay).fail_at(FiveStep::Ship).await;
}
