//! A parked child shows in its parent, and a child that cannot be started parks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sagas::prelude::*;
use sagas::{Error, InstanceState, StepState};

use super::family::{Kit, KitStep, Pair, PairStep, Part, builder, open};
use crate::support::data::{Data, on_both};
use crate::support::retry;
use crate::support::world::{Act, World};

#[test]
fn a_parked_child_shows_in_its_parent_which_goes_on_when_the_child_is_resolved() {
    on_both(async |data| {
        let world = World::default().script("pack", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        world.called("pack", 1).await;
        let part = orchestrator.handle::<Part>("kit-1/part");
        let Outcome::Parked(parked) = part.outcome().await.unwrap() else { panic!("its answer was lost") };
        assert_eq!(parked.reason, ParkReason::InDoubt);
        let status = kit.status().await.unwrap();
        assert_eq!((status.state, status.needs_attention), (InstanceState::Running, true));
        assert_eq!(status.steps[1].state, StepState::Parked);
        let resolved = orchestrator.resolve("kit-1", retry()).await;
        assert!(matches!(resolved, Err(Error::NotParked { .. })), "the child is: {resolved:?}");
        orchestrator.resolve("kit-1/part", retry()).await.unwrap();
        assert!(matches!(kit.outcome().await.unwrap(), Outcome::Completed(_)));
        let status = kit.status().await.unwrap();
        assert!(!status.needs_attention);
        assert_eq!(status.steps[1].state, StepState::Succeeded);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_parked_child_that_is_resolved_in_another_life_wakes_its_parent() {
    on_both(async |data| {
        let world = World::default().script("pack", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        world.called("pack", 1).await;
        let parked = orchestrator.handle::<Part>("kit-1/part").outcome().await.unwrap();
        assert!(matches!(parked, Outcome::Parked(_)));
        orchestrator.shutdown().await;

        let orchestrator = open(data.open(), &world).await;
        orchestrator.resolve("kit-1/part", retry()).await.unwrap();
        let kit = orchestrator.handle::<Kit>("kit-1").outcome().await.unwrap();
        assert!(matches!(kit, Outcome::Completed(_)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_id_that_is_taken_parks_the_parent_and_leaves_the_other_alone() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let other = orchestrator.start::<Part>("kit-1/part", 1).await.unwrap();
        assert!(matches!(other.outcome().await.unwrap(), Outcome::Completed(_)));
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        for attempt in 1..=2 {
            let Outcome::Parked(parked) = kit.outcome().await.unwrap() else { panic!("{attempt}") };
            assert_eq!((parked.step, parked.reason), (KitStep::Part, ParkReason::Refused));
            assert!(parked.message.contains("kit-1/part"), "{parked:?}");
            orchestrator.resolve("kit-1", retry()).await.unwrap();
        }
        assert!(matches!(other.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.calls(), ["make", "pack", "open"]);
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_a_parent_takes_back_its_own_child_and_never_another_of_its_id() {
    on_both(async |data| {
        let world = World::default()
            .script("label", &[Act::WaitThenReject; 3])
            .script("pack@pair-2/part", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        // One that has completed, and one that could be cancelled.
        let completed = orchestrator.start::<Part>("pair-1/part", 1).await.unwrap();
        assert!(matches!(completed.outcome().await.unwrap(), Outcome::Completed(_)));
        let parked = orchestrator.start::<Part>("pair-2/part", 1).await.unwrap();
        assert!(matches!(parked.outcome().await.unwrap(), Outcome::Parked(_)));
        let mut pairs = Vec::new();
        for id in ["pair-1", "pair-2"] {
            let pair = orchestrator.start::<Pair>(id, 1).await.unwrap();
            while pair.status().await.unwrap().steps[0].state != StepState::Parked {
                tokio::task::yield_now().await;
            }
            pairs.push(pair);
        }
        world.open();
        for pair in pairs {
            let Outcome::Compensated(failure) = pair.outcome().await.unwrap() else {
                panic!("it was refused")
            };
            assert_eq!(failure.step, Some(PairStep::Label));
        }
        assert!(matches!(completed.outcome().await.unwrap(), Outcome::Completed(_)));
        assert!(matches!(parked.outcome().await.unwrap(), Outcome::Parked(_)));
        assert_eq!((world.count("make/compensate"), world.count("pack/compensate")), (0, 0));
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_id_that_is_too_long_for_the_child_parks_the_parent() {
    on_both(async |data| {
        let orchestrator = open(data.open(), &World::default()).await;
        let fits = orchestrator.start::<Kit>("k".repeat(256 - "/part".len()), 1).await.unwrap();
        let too_long = orchestrator.start::<Kit>("k".repeat(256 - "/part".len() + 1), 1).await.unwrap();
        assert!(matches!(fits.outcome().await.unwrap(), Outcome::Completed(_)));
        let Outcome::Parked(parked) = too_long.outcome().await.unwrap() else { panic!("257 bytes") };
        assert_eq!((parked.step, parked.reason), (KitStep::Part, ParkReason::Refused));
        assert!(parked.message.contains("256"), "{parked:?}");
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_input_that_is_too_large_for_the_child_parks_the_parent() {
    /// Its child's input is larger than its own.
    struct Crate {
        bytes: usize,
    }

    #[saga(name = "crate")]
    impl Crate {
        #[step(child = Letter)]
        fn letter(&self) -> String {
            "x".repeat(self.bytes)
        }
    }

    /// Takes a text.
    struct Letter;

    #[saga(name = "letter")]
    impl Letter {
        #[step(read_only)]
        async fn read(&self, input: &String) -> Result<usize, StepError> {
            Ok(input.len())
        }
    }

    on_both(async |data| {
        let open = async |bytes| {
            let builder = Orchestrator::builder(data.open()).register(Crate { bytes }).register(Letter);
            builder.payload_limit(1_000).build().await.unwrap()
        };
        let orchestrator = open(999).await;
        let large = orchestrator.start::<Crate>("crate-1", ()).await.unwrap();
        let Outcome::Parked(parked) = large.outcome().await.unwrap() else { panic!("1,001 bytes") };
        assert_eq!((parked.step, parked.reason), (CrateStep::Letter, ParkReason::Refused));
        assert!(parked.message.contains("1001 bytes") && !parked.message.contains("xx"), "{parked:?}");
        orchestrator.shutdown().await;

        let orchestrator = open(998).await;
        orchestrator.resolve("crate-1", retry()).await.unwrap();
        let large = orchestrator.handle::<Crate>("crate-1");
        assert_eq!(large.outcome().await.unwrap(), Outcome::Completed(998));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_method_that_panics_where_it_says_what_its_child_is_parks_the_parent() {
    /// Does not know its child at first.
    struct Forgetful {
        forgets: Arc<AtomicBool>,
    }

    #[saga(name = "forgetful")]
    impl Forgetful {
        #[step(child = Part)]
        fn part(&self, input: &u32) -> u32 {
            if self.forgets.load(Ordering::Relaxed) {
                std::panic::resume_unwind(Box::new("which part was it?".to_owned()));
            }
            *input
        }
    }

    on_both(async |data| {
        let forgets = Arc::new(AtomicBool::new(true));
        let world = World::default();
        let orchestrator = builder(data.open(), &world)
            .register(Forgetful { forgets: Arc::clone(&forgets) })
            .build()
            .await
            .unwrap();
        let handle = orchestrator.start::<Forgetful>("one", 7).await.unwrap();
        for still in [true, false] {
            let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("it forgot") };
            assert_eq!((parked.step, parked.reason), (ForgetfulStep::Part, ParkReason::Panicked));
            assert!(parked.message.contains("which part"), "{parked:?}");
            assert!(world.calls().is_empty());
            forgets.store(still, Ordering::Relaxed);
            orchestrator.resolve("one", retry()).await.unwrap();
        }
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
    });
}

/// How often others may run before something that goes round in circles would have shown.
const ROUNDS: usize = 500;

#[tokio::test(start_paused = true)]
async fn i18_a_parent_whose_child_parks_while_it_is_taken_back_waits_quietly() {
    let world = World::default().script("close", &[Act::Reject]).script("pack/compensate", &[Act::Reject]);
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
    world.called("pack/compensate", 1).await;
    let part = orchestrator.handle::<Part>("kit-1/part").outcome().await.unwrap();
    assert!(matches!(part, Outcome::Parked(_)), "{part:?}");
    let mut loads = Vec::new();
    for _ in 0..2 {
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
        loads.push(plan.loads());
    }
    assert_eq!(loads[0], loads[1], "nobody reads it again until somebody has seen to it");
    orchestrator.resolve("kit-1/part", retry()).await.unwrap();
    let Outcome::Compensated(failure) = kit.outcome().await.unwrap() else { panic!("close was refused") };
    assert_eq!(failure.step, Some(KitStep::Close));
    assert!(world.in_force().is_empty(), "{:?}", world.in_force());
    orchestrator.shutdown().await;
}
