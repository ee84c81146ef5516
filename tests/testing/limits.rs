//! What a test kit cannot do, or a test does by mistake: each has an answer in words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use sagas::prelude::*;
use sagas::testing::explore;

use crate::support::{World, all_or_nothing};

/// One step over services that keep the rules.
struct Single {
    world: World,
}

#[saga]
impl Single {
    #[step(compensate = unbook, idempotent)]
    async fn book(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn unbook(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

const SHARED: &str =
    "histories share something, or are not the same in every run. Does `make` build a new world each";

#[tokio::test]
async fn a_world_that_histories_share_is_told_with_the_violation_that_comes_of_it() {
    let world = World::default();
    let make = || (Single { world: world.clone() }, world.clone());
    let shared = explore(make, ()).check(|world, outcome| all_or_nothing(world, outcome, 1));
    let violation = shared.try_run().await.unwrap_err();
    assert!(violation.message.contains(SHARED), "{violation}");
}

#[tokio::test]
async fn a_world_that_histories_share_is_told_where_no_check_sees_it() {
    let world = World::default();
    let make = || (Single { world: world.clone() }, ());
    let violation = explore(make, ()).try_run().await.unwrap_err();
    assert!(violation.to_string().contains(SHARED), "{violation}");
}

#[tokio::test]
async fn a_check_that_panics_is_told_with_its_place() {
    let make = || {
        let world = World::default();
        (Single { world: world.clone() }, world)
    };
    let check = |world: &World, outcome: &Outcome<Single>| {
        // Whoever panics here poisons the lock of this history's world, and of no other.
        let inner = world.lock();
        assert!(matches!(outcome, Outcome::Completed(_)) && inner.done.len() == 1, "nothing is booked");
    };
    let violation = explore(make, ()).check(check).try_run().await.unwrap_err();
    assert_eq!(violation.deviations, 1, "{violation}");
    assert!(violation.message.starts_with("nothing is booked\nat tests/testing/limits.rs:"), "{violation}");
}

/// Waits in its step, for longer than anything should.
struct Sleepy;

#[saga]
impl Sleepy {
    #[step(compensate = cancel, idempotent, timeout = "1000d")]
    async fn wait(&self) -> Result<u32, StepError> {
        tokio::time::sleep(Duration::from_secs(500 * 24 * 60 * 60)).await;
        Ok(1)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_step_that_takes_longer_than_can_be_tested_is_told() {
    let violation = explore(|| (Sleepy, ()), ()).try_run().await.unwrap_err();
    assert!(
        violation
            .message
            .starts_with("wait has been under way for 24 hours of its own time: let the saga wait"),
        "{violation}"
    );
}

/// Gives its service a month.
struct Generous;

#[saga]
impl Generous {
    #[step(compensate = cancel, idempotent, timeout = "30d", retry(attempts = 2))]
    async fn ask(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_for_a_month_costs_nothing() {
    // What passes at once has no minutes: those that do pass are counted in the world.
    let make = || {
        let minutes = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&minutes);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(60)).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        (Generous, minutes)
    };
    let check = |minutes: &Arc<AtomicU32>, _: &Outcome<Generous>| {
        let passed = minutes.load(Ordering::Relaxed);
        assert!(passed < 100, "{passed} minutes of a month, one by one");
    };
    let found = explore(make, ()).check(check).run().await;
    assert_eq!(found.left_out, 0, "{found}");
}

/// A child whose doubt a person has to resolve.
struct Parks;

#[saga]
impl Parks {
    #[step(compensate = cancel, in_doubt = park)]
    async fn call(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
}

/// A child that nobody writes to.
struct Waits;

#[saga]
impl Waits {
    #[step(signal, compensate = cancel, idempotent)]
    async fn word(&self, signal: &u32) -> Result<u32, StepError> {
        Ok(*signal)
    }
    async fn cancel(&self) -> Result<(), StepError> {
        Ok(())
    }
}

struct ParentOfParks;

#[saga]
impl ParentOfParks {
    #[step(child = Parks)]
    fn kid(&self) {}
}

struct ParentOfWaits;

#[saga]
impl ParentOfWaits {
    #[step(child = Waits)]
    fn kid(&self) {}
}

#[tokio::test]
async fn a_child_that_is_parked_is_told_as_what_its_parent_waits_for() {
    let explored = explore(|| (ParentOfParks, ()), ()).register(|builder, ()| builder.register(Parks));
    let violation = explored.try_run().await.unwrap_err();
    assert_eq!(
        violation.message,
        "the child explored/kid is parked at call (in doubt), and its parent waits until a person decides what \
         becomes of it"
    );
}

#[tokio::test]
async fn a_child_that_waits_for_ever_is_told_by_its_name() {
    let explored = explore(|| (ParentOfWaits, ()), ()).register(|builder, ()| builder.register(Waits));
    let violation = explored.try_run().await.unwrap_err();
    assert_eq!(
        violation.message,
        "explored/kid waits for a signal that nobody sends: see `.signal_child(..)`"
    );
}

#[tokio::test]
async fn a_child_that_is_not_registered_is_told_without_a_history() {
    let violation = explore(|| (ParentOfWaits, ()), ()).try_run().await.unwrap_err();
    assert_eq!(
        violation.to_string().lines().last(),
        Some(
            "  no orchestrator could be built: saga waits is not registered; write `.register(..)` before `.build()`"
        )
    );
}

/// Has its second step only in every other run.
struct Moody {
    runs: Arc<AtomicUsize>,
}

#[saga]
impl Moody {
    #[step(compensate = unplace, idempotent)]
    async fn place(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn unplace(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(compensate = unwrap_it, when = feels_like_it, idempotent)]
    async fn wrap(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    fn feels_like_it(&self) -> bool {
        self.runs.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
    }
    async fn unwrap_it(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(compensate = unsend, idempotent)]
    async fn send(&self) -> Result<u32, StepError> {
        Ok(1)
    }
    async fn unsend(&self) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_saga_that_is_not_the_same_in_every_run_is_told() {
    let runs = Arc::new(AtomicUsize::new(0));
    let violation = explore(|| (Moody { runs: Arc::clone(&runs) }, ()), ()).try_run().await.unwrap_err();
    assert!(
        violation.message.contains("the saga or its services are not the same in every run"),
        "{violation}"
    );
}

#[tokio::test]
async fn a_process_that_dies_three_times_parks_only_where_parking_is_tried() {
    let make = || {
        let world = World::default();
        (Single { world: world.clone() }, world)
    };
    let explored = || {
        explore(make, ())
            .without_cancelling()
            .without_reverting()
            .deviations_max(3)
            .check(|world, outcome| all_or_nothing(world, outcome, 1))
    };
    let sound = explored().run().await;
    assert_eq!((sound.deviations, sound.left_out), (3, 0), "{sound}");
    let parked = explored().only("0:crash-after,2:crash-after,4:crash-after").try_run().await.unwrap_err();
    assert!(parked.message.contains("crash loop"), "{parked}");
}

#[tokio::test]
async fn a_saga_that_never_completes_is_told() {
    let make = || {
        let world = World::default();
        world.lock().compensated.insert("single/explored/book".to_owned());
        (Single { world: world.clone() }, world)
    };
    let found = explore(make, ()).run().await;
    assert_eq!(found.completed, 0, "{found}");
    assert!(found.to_string().contains("none of them completed"), "{found}");
}
