//! What is told of an exploration.

use sagas::prelude::*;
use sagas::testing::explore;

use crate::sound::{Five, five};
use crate::support::{World, all_or_nothing};

/// Fails in every history that is compensated, which nobody would want.
fn no_compensation(_: &World, outcome: &Outcome<Five>) -> Result<(), String> {
    match outcome {
        Outcome::Compensated(failure) => Err(failure.to_string()),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn two_explorations_are_the_same() {
    let sound =
        || explore(five, 7).check(|world, outcome| all_or_nothing(world, outcome, 5)).deviations_max(1);
    assert_eq!(sound().run().await, sound().run().await);
    let unsound = || explore(five, 7).check(no_compensation);
    assert_eq!(unsound().try_run().await, unsound().try_run().await);
}

#[tokio::test]
async fn a_history_is_repeated_by_its_code() {
    let violation = explore(five, 7).check(no_compensation).try_run().await.unwrap_err();
    let again = explore(five, 7).check(no_compensation).only(&violation.history).try_run().await.unwrap_err();
    assert_eq!((&again.timeline, &again.message), (&violation.timeline, &violation.message));
    assert_eq!(again.histories, 1);
    for (code, why) in [
        ("1:nothing", "no part of a history's code"),
        ("900:refuse", "does not exist"),
        // A call is no entry.
        ("1:crash-before", "does not exist"),
    ] {
        let violation = explore(five, 7).only(code).try_run().await.unwrap_err();
        assert!(violation.message.contains(why), "{violation}");
    }
}

#[tokio::test]
async fn a_limit_that_cuts_is_told() {
    let found = explore(five, 7).histories_max(200).run().await;
    assert_eq!(found.histories, 200);
    assert!(found.left_out > 1_000 && found.to_string().contains("left out"), "{found}");
}

/// What is told of three crashes around `reserve`, and of a call that arrives before the next compensation begins.
const TOLD: [(&str, &str); 4] = [
    (
        "4:crash-before",
        "      0.000s  create_order, attempt 1: succeeded
      0.000s  reserve, attempt 1: succeeded
!     0.000s  the process dies before this is written: StepSucceeded reserve, StepStarted pay
     60.000s  the process starts again
     60.000s  reserve, attempt 1: it died with the process, and is in doubt
     60.000s  reserve, attempt 2: succeeded
     60.000s  pay, attempt 1: succeeded
     60.000s  ship, attempt 1: succeeded
     60.000s  notify, attempt 1: succeeded
     60.000s  completed
",
    ),
    (
        "4:crash-after",
        "      0.000s  create_order, attempt 1: succeeded
      0.000s  reserve, attempt 1: succeeded
!     0.000s  the process dies after this was written: StepSucceeded reserve, StepStarted pay
     60.000s  the process starts again
     60.000s  pay, attempt 1: it died with the process, and is in doubt
     60.000s  check of pay, attempt 1: nothing was done
     60.000s  compensating, since pay failed: the process died before the attempt had ended
     60.000s  compensation of reserve, attempt 1: succeeded
     60.000s  compensation of create_order, attempt 1: succeeded
     60.000s  compensated
",
    ),
    (
        "3:crash-late",
        "      0.000s  create_order, attempt 1: succeeded
!     0.000s  reserve, attempt 1: the request is travelling
!     0.000s  the process dies meanwhile
     60.000s  the process starts again
     60.000s  reserve, attempt 1: it died with the process, and is in doubt
     60.000s  reserve, attempt 2: succeeded
     60.000s  pay, attempt 1: succeeded
     60.000s  ship, attempt 1: succeeded
     60.000s  notify, attempt 1: succeeded
!    60.000s  reserve (the call that was travelling arrives): succeeded
     60.000s  completed
",
    ),
    (
        "3:late,8:refuse",
        "      0.000s  create_order, attempt 1: succeeded
!     0.000s  reserve, attempt 1: no answer in time, and the request is still travelling
     30.095s  reserve, attempt 2: succeeded
!    30.095s  pay, attempt 1: rejected (the service refuses)
     30.095s  compensating, since pay failed: the service refuses
     30.095s  compensation of reserve, attempt 1: succeeded
!    30.095s  reserve (the call that was travelling arrives): rejected (its compensation was here before)
     30.095s  compensation of create_order, attempt 1: succeeded
     30.095s  compensated
",
    ),
];

#[tokio::test]
async fn crashes_and_late_calls_are_told_where_they_happen() {
    for (code, timeline) in TOLD {
        // Nobody would ask for this.
        let check = |_: &World, _: &Outcome<Five>| Err("wrong");
        let violation = explore(five, 7).check(check).only(code).try_run().await.unwrap_err();
        assert_eq!(violation.timeline, timeline, "{code}");
    }
}

#[tokio::test]
#[should_panic(expected = "to run it alone: .only(\"1:refuse\")")]
async fn a_violation_fails_the_test() {
    explore(five, 7).check(no_compensation).run().await;
}

/// Its compensation refuses to have nothing to do.
struct Stubborn;

#[saga]
impl Stubborn {
    #[step(compensate = cancel)]
    async fn order(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn cancel(&self, order: Option<&u32>) -> Result<(), StepError> {
        match order {
            Some(_) => Ok(()),
            None => Err(StepError::not_done("which order?")),
        }
    }
}

#[tokio::test]
async fn an_instance_that_does_not_end_is_a_violation() {
    let violation = explore(|| (Stubborn, ()), ()).try_run().await.unwrap_err();
    let why = "it does not end: compensation of order is called again and again";
    assert!(violation.message.starts_with(why), "{violation}");
    assert_eq!(violation.deviations, 1);
    assert!(violation.timeline.contains(".. and so on, 9"), "{violation}");
    assert!(violation.timeline.lines().count() < 12, "{violation}");
}

/// It counts on what is not always so.
struct Hasty;

#[saga]
impl Hasty {
    #[step(pivot, idempotent)]
    async fn order(&self, cx: &StepContext) -> Result<u32, StepError> {
        assert!(cx.attempt() == 1, "it is\ntoo late");
        Ok(1)
    }
}

#[tokio::test]
async fn a_panic_of_the_saga_is_told_with_its_words() {
    let violation = explore(|| (Hasty, ()), ()).try_run().await.unwrap_err();
    assert!(violation.timeline.contains("order, attempt 2: it panicked (it is too late)"), "{violation}");
}

#[tokio::test]
async fn what_goes_wrong_by_itself_is_no_deviation() {
    let violation = explore(five, 7).check(|_, _| Err("wrong")).try_run().await.unwrap_err();
    assert!(
        violation.to_string().starts_with("the history in which nothing goes wrong is unsound:"),
        "{violation}"
    );
}

/// Waits for a word.
struct Patient;

#[saga]
impl Patient {
    #[step(signal, delay = "300d", compensate = cancel, idempotent)]
    async fn answered(&self, signal: &u32) -> Result<u32, StepError> {
        Ok(*signal)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn an_instance_that_waits_for_ever_is_a_violation() {
    let violation = explore(|| (Patient, ()), ()).try_run().await.unwrap_err();
    assert_eq!(violation.message, "it waits for a signal that nobody sends: see `.signal(..)`");
}

#[tokio::test]
async fn months_of_waiting_cost_nothing() {
    let found = explore(|| (Patient, ()), ()).signal("answer", 1_u32).run().await;
    assert!(found.histories > 50, "{found}");
}

#[tokio::test]
#[should_panic(expected = "no saga was made: there is no database")]
async fn a_saga_that_cannot_be_made_is_told() {
    explore(|| -> (Patient, ()) { panic!("there is no database") }, ()).run().await;
}
