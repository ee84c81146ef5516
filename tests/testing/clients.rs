//! What clients of an instance do: they cancel it while it runs, and revert it once it has completed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sagas::prelude::*;
use sagas::testing::{Explore, case, explore};

use crate::sound::{Five, FiveStep, five};
use crate::support::{World, all_or_nothing};

/// Two steps, which can be taken back for good.
struct Pair {
    world: World,
}

#[saga]
impl Pair {
    #[step(compensate = unbook, idempotent)]
    async fn book(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn unbook(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(compensate = unpay)]
    async fn pay(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn unpay(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

fn pair() -> (Pair, World) {
    let world = World::default();
    (Pair { world: world.clone() }, world)
}

/// How often the outcome is a failure of this kind.
async fn count<S: Saga>(exploration: Explore<'_, S, World>, kind: FailureKind, steps: usize) -> usize {
    let found = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&found);
    let check = move |world: &World, outcome: &Outcome<S>| {
        if matches!(outcome, Outcome::Compensated(failure) if failure.kind == kind) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        all_or_nothing(world, outcome, steps)
    };
    exploration.deviations_max(1).check(check).run().await;
    found.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_client_cancels_at_every_entry_at_which_it_can() {
    let cancelled = count(explore(five, 7), FailureKind::Cancelled, 5).await;
    assert_eq!(cancelled, 3, "while each of the three steps before the pivot is under way");
    let cancelled = count(explore(pair, ()), FailureKind::Cancelled, 2).await;
    assert_eq!(cancelled, 2, "not when it has completed");
    let left_out = count(explore(five, 7).without_cancelling(), FailureKind::Cancelled, 5).await;
    assert_eq!(left_out, 0);
    let with = explore(five, 7).deviations_max(1).run().await.histories;
    let without = explore(five, 7).deviations_max(1).without_cancelling().run().await.histories;
    assert_eq!(with - without, 3, "none in which it is refused");
}

#[tokio::test]
async fn a_client_reverts_what_has_completed() {
    assert_eq!(count(explore(pair, ()), FailureKind::Reverted, 2).await, 1);
    assert_eq!(count(explore(pair, ()).without_reverting(), FailureKind::Reverted, 2).await, 0);
    assert_eq!(count(explore(five, 7), FailureKind::Reverted, 5).await, 0, "it has a pivot");
}

#[tokio::test]
async fn every_history_in_which_a_client_has_its_way_is_sound() {
    let found = explore(pair, ()).check(|world, outcome| all_or_nothing(world, outcome, 2)).run().await;
    assert_eq!(found.left_out, 0, "{found}");
}

/// What is told of clients.
const TOLD: [(&str, &str); 4] = [
    (
        "2:cancel",
        "      0.000s  book, attempt 1: succeeded
!     0.000s  a client cancels it while pay is under way
      0.000s  compensating: the client does not want it any more
      0.000s  pay, attempt 1: succeeded
      0.000s  compensation of pay, attempt 1: succeeded
      0.000s  compensation of book, attempt 1: succeeded
      0.000s  compensated
",
    ),
    (
        "2:cancel,3:crash-before",
        "      0.000s  book, attempt 1: succeeded
!     0.000s  a client cancels it while pay is under way: there is no answer, since the process dies
!     0.000s  the process dies before this is written: CompensationDecided
     60.000s  the process starts again
     60.000s  pay, attempt 1: it died with the process, and is in doubt
     60.000s  compensating, since pay failed: the process died before the attempt had ended
     60.000s  compensation of pay, attempt 1: succeeded
     60.000s  compensation of book, attempt 1: succeeded
     60.000s  compensated
",
    ),
    (
        "5:revert",
        "      0.000s  book, attempt 1: succeeded
      0.000s  pay, attempt 1: succeeded
      0.000s  completed
!     0.000s  a client reverts it
      0.000s  compensating: the client takes it back
      0.000s  compensation of pay, attempt 1: succeeded
      0.000s  compensation of book, attempt 1: succeeded
      0.000s  compensated
",
    ),
    (
        "5:revert,6:crash-before",
        "      0.000s  book, attempt 1: succeeded
      0.000s  pay, attempt 1: succeeded
      0.000s  completed
!     0.000s  a client reverts it: there is no answer, since the process dies
!     0.000s  the process dies before this is written: CompensationDecided, CompensationStarted pay
     60.000s  the process starts again
     60.000s  completed
",
    ),
];

#[tokio::test]
async fn what_clients_do_is_told() {
    for (code, timeline) in TOLD {
        let check = |_: &World, _: &Outcome<Pair>| Err("wrong");
        let violation = explore(pair, ()).check(check).only(code).try_run().await.unwrap_err();
        assert_eq!(violation.timeline, timeline, "{code}: {violation}");
    }
}

/// Its compensation counts on a step that has failed, as there is whenever a service refuses.
struct Blames;

#[saga]
impl Blames {
    #[step(compensate = cancel, idempotent)]
    async fn order(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn cancel(&self, failure: &Failure) -> Result<(), StepError> {
        assert!(failure.step.is_some(), "who is to blame?");
        Ok(())
    }

    #[step(compensate = unpay, idempotent)]
    async fn pay(&self) -> Result<u32, StepError> {
        Ok(2)
    }
    async fn unpay(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_compensation_that_counts_on_a_failed_step_is_found() {
    let blames = || explore(|| (Blames, ()), ());
    let of_cancel = blames().without_reverting().try_run().await.unwrap_err();
    assert_eq!((of_cancel.deviations, of_cancel.history.as_str()), (1, "0:cancel"), "{of_cancel}");
    let of_revert = blames().without_cancelling().try_run().await.unwrap_err();
    assert_eq!((of_revert.deviations, of_revert.history.as_str()), (1, "5:revert"), "{of_revert}");
    blames().without_cancelling().without_reverting().run().await;
}

/// A person decides what is to be done about its payment.
struct Parks {
    world: World,
}

#[saga]
impl Parks {
    #[step(compensate = unpay, in_doubt = park)]
    async fn pay(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn unpay(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

#[tokio::test]
async fn a_client_cancels_what_is_parked() {
    let make = || {
        let world = World::default();
        (Parks { world: world.clone() }, world)
    };
    let mut cancelled = 0;
    let check = |world: &World, outcome: &Outcome<Parks>| match outcome {
        Outcome::Parked(_) => Ok(()),
        Outcome::Compensated(failure) => {
            cancelled += usize::from(failure.kind == FailureKind::Cancelled);
            all_or_nothing(world, outcome, 1)
        }
        Outcome::Completed(_) => all_or_nothing(world, outcome, 1),
    };
    explore(make, ()).check(check).run().await;
    assert!(cancelled > 38, "four of them when it is parked: {cancelled}");
    // Parked, and then cancelled: the check sees what came of that.
    let check = |_: &World, outcome: &Outcome<Parks>| match outcome {
        Outcome::Compensated(failure) if failure.kind == FailureKind::Cancelled => Ok(()),
        other => Err(format!("{other:?}")),
    };
    explore(make, ()).check(check).only("1:lose-answer,2:cancel").run().await;
    let check = |_: &World, _: &Outcome<Parks>| Err("wrong");
    let told = explore(make, ()).check(check).only("1:lose-answer,2:cancel").try_run().await.unwrap_err();
    assert!(told.timeline.contains("a client cancels it, which is parked"), "{told}");
}

#[tokio::test]
async fn a_client_cancels_in_a_case() {
    let (world, outcome) = case(five, 7).cancel_at(FiveStep::Pay).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (None, FailureKind::Cancelled));
    assert!(world.in_force().is_empty());

    let (world, outcome) = case(five, 7).cancel_at(FiveStep::Ship).await;
    assert!(matches!(outcome, Outcome::Completed(_)), "it is refused once the pivot has begun: {outcome:?}");
    assert_eq!(world.in_force().len(), 5);

    let (world, outcome) = case(five, 7).in_doubt_at(FiveStep::Reserve).cancel_at(FiveStep::Reserve).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert!(world.in_force().is_empty());
}

#[tokio::test]
async fn a_client_reverts_in_a_case() {
    let (world, outcome) = case(pair, ()).revert().await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (None, FailureKind::Reverted));
    assert!(world.in_force().is_empty());
}

#[tokio::test]
#[should_panic(expected = "something was to go wrong (revert)")]
async fn a_revert_of_what_has_not_completed_is_told() {
    let _ = case(pair, ()).fail_at(PairStep::Pay).revert().await;
}

#[tokio::test]
#[should_panic(expected = "`.revert()`: five has a pivot, after which nothing goes back")]
async fn a_revert_that_the_definition_does_not_allow_is_told() {
    let _: (World, Outcome<Five>) = case(five, 7).revert().await;
}
