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
    for (code, why) in [("1:nothing", "no part of a history's code"), ("900:refuse", "does not exist")] {
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

#[tokio::test]
#[should_panic(expected = "to run it alone: .only(\"4:crash-before\")")]
async fn a_crash_is_told_like_anything_else() {
    // Nobody would ask for this.
    let check = |world: &World, outcome: &Outcome<Five>| {
        let is_once = world.lock().calls.len() == 5;
        assert!(is_once || !matches!(outcome, Outcome::Completed(_)), "something was called twice");
    };
    explore(five, 7).check(check).only("4:crash-before").run().await;
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
    assert_eq!(violation.message, "it does not end: compensation of order is called again and again");
    assert_eq!(violation.deviations, 1);
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
