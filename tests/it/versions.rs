//! Instances outlive the version of the saga that they began under.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Error, InstanceState};

use crate::support::data::on_both;

/// The travel saga as it was.
mod first {
    use super::*;

    pub(super) struct Travel {
        pub(super) hangs: bool,
    }

    #[saga(name = "travel", version = 1, input = String)]
    impl Travel {
        #[step(compensate = cancel_flight, idempotent)]
        async fn flight(&self, input: &str) -> Result<u32, StepError> {
            match input {
                "full" => Err(StepError::rejected("the flight is full")),
                _ => Ok(7),
            }
        }
        async fn cancel_flight(&self, flight: Option<&u32>) -> Result<(), StepError> {
            let _ = flight;
            Ok(())
        }

        #[step(read_only)]
        async fn seat(&self, input: &str) -> Result<u32, StepError> {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            match input {
                "no seat" => Err(StepError::rejected("there is no seat")),
                _ => Ok(12),
            }
        }
    }
}

/// The same with a step less, one more, and another type of output.
mod second {
    use super::*;

    pub(super) struct Travel;

    #[saga(name = "travel", version = 2, input = String)]
    impl Travel {
        #[step(compensate = cancel_flight, idempotent)]
        async fn flight(&self, input: &str) -> Result<u32, StepError> {
            let _ = input;
            Ok(7)
        }
        async fn cancel_flight(&self, flight: Option<&u32>) -> Result<(), StepError> {
            let _ = flight;
            Ok(())
        }

        #[step(read_only)]
        async fn hotel(&self, flight: &u32) -> Result<Vec<String>, StepError> {
            Ok(vec![flight.to_string()])
        }
    }
}

/// The same steps under another version.
mod third {
    use super::*;

    pub(super) struct Travel;

    #[saga(name = "travel", version = 3, input = String)]
    impl Travel {
        #[step(compensate = cancel_flight, idempotent)]
        async fn flight(&self, input: &str) -> Result<u32, StepError> {
            let _ = input;
            Ok(7)
        }
        async fn cancel_flight(&self, flight: Option<&u32>) -> Result<(), StepError> {
            let _ = flight;
            Ok(())
        }

        #[step(read_only)]
        async fn seat(&self, flight: &u32) -> Result<u64, StepError> {
            Ok(u64::from(*flight))
        }
    }
}

/// The steps of version 1 changed, and its number not.
mod changed {
    use super::*;

    pub(super) struct Travel;

    #[saga(name = "travel", version = 1, input = String)]
    impl Travel {
        #[step(read_only)]
        async fn seat(&self, input: &str) -> Result<usize, StepError> {
            Ok(input.len())
        }
    }
}

#[test]
fn i23_an_outcome_of_an_older_version_is_told_if_it_fits_today() {
    on_both(async |data| {
        let old = first::Travel { hangs: false };
        let orchestrator = Orchestrator::builder(data.open()).register(old).build().await.unwrap();
        for id in ["full", "no seat", "fine"] {
            let trip = orchestrator.start::<first::Travel>(id, id.to_owned()).await.unwrap();
            let _ = trip.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;

        // The old version is not even registered.
        let builder = Orchestrator::builder(data.open()).register(second::Travel).register(third::Travel);
        let orchestrator = builder.build().await.unwrap();
        let outcome = orchestrator.handle::<second::Travel>("full").outcome().await.unwrap();
        let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.step, Some(second::TravelStep::Flight));

        for id in ["no seat", "fine"] {
            let error = orchestrator.handle::<second::Travel>(id).outcome().await.unwrap_err();
            assert!(
                matches!(&error, Error::DefinitionChanged { saga, what } if saga == "travel" && what.contains(id)),
                "{error:?}"
            );
        }

        let outcome = orchestrator.handle::<third::Travel>("fine").outcome().await.unwrap();
        assert_eq!(outcome, Outcome::Completed(12));
        let outcome = orchestrator.handle::<third::Travel>("no seat").outcome().await.unwrap();
        let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.step, Some(third::TravelStep::Seat));
        let state = orchestrator.handle::<third::Travel>("fine").status().await.unwrap().state;
        assert_eq!(state, InstanceState::Completed);
        orchestrator.shutdown().await;
    });
}

#[test]
fn i23_an_unfinished_instance_waits_untouched_for_its_own_version() {
    on_both(async |data| {
        let old = first::Travel { hangs: true };
        let builder = Orchestrator::builder(data.open()).register(old).shutdown_grace(Duration::ZERO);
        let orchestrator = builder.build().await.unwrap();
        orchestrator.start::<first::Travel>("trip", "Lisbon".to_owned()).await.unwrap();
        orchestrator.shutdown().await;
        let before = data.stored("trip").await.unwrap();

        let orchestrator = Orchestrator::builder(data.open()).register(third::Travel).build().await.unwrap();
        let other = orchestrator.start::<third::Travel>("other", "Rome".to_owned()).await.unwrap();
        assert_eq!(other.outcome().await.unwrap(), Outcome::Completed(7), "others go on");
        let handle = orchestrator.handle::<third::Travel>("trip");
        assert_eq!(handle.status().await.unwrap().state, InstanceState::Running, "it is visible");
        assert_eq!(handle.try_outcome().await.unwrap(), None);
        orchestrator.shutdown().await;
        assert_eq!(data.stored("trip").await.unwrap().entries, before.entries, "it is untouched");

        let old = first::Travel { hangs: false };
        let builder = Orchestrator::builder(data.open()).register(old).register(third::Travel);
        let orchestrator = builder.build().await.unwrap();
        let handle = orchestrator.handle::<first::Travel>("trip");
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(12));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i23_other_steps_under_the_version_of_unfinished_instances_are_refused_at_build() {
    on_both(async |data| {
        let old = first::Travel { hangs: true };
        let builder = Orchestrator::builder(data.open()).register(old).shutdown_grace(Duration::ZERO);
        let orchestrator = builder.build().await.unwrap();
        orchestrator.start::<first::Travel>("trip", "Lisbon".to_owned()).await.unwrap();
        orchestrator.shutdown().await;

        let store = data.open_once_free().await;
        let error = Orchestrator::builder(store).register(changed::Travel).build().await.unwrap_err();
        assert!(
            matches!(&error, Error::DefinitionChanged { saga, what } if saga == "travel" && what.contains("flight")),
            "{error:?}"
        );

        let store = data.open_once_free().await;
        let old = first::Travel { hangs: false };
        let orchestrator = Orchestrator::builder(store).register(old).build().await.unwrap();
        let _ = orchestrator.handle::<first::Travel>("trip").outcome().await.unwrap();
        orchestrator.shutdown().await;

        let store = data.open_once_free().await;
        let orchestrator = Orchestrator::builder(store).register(changed::Travel).build().await.unwrap();
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_start_of_an_old_instance_under_a_new_version_finds_it() {
    let store = MemoryStore::new();
    let old = first::Travel { hangs: false };
    let orchestrator = Orchestrator::builder(store.clone()).register(old).build().await.unwrap();
    let trip = orchestrator.start::<first::Travel>("trip", "Lisbon".to_owned()).await.unwrap();
    let _ = trip.outcome().await.unwrap();
    orchestrator.shutdown().await;
    let orchestrator = Orchestrator::builder(store).register(third::Travel).build().await.unwrap();
    let trip = orchestrator.start::<third::Travel>("trip", "Lisbon".to_owned()).await.unwrap();
    assert_eq!(trip.outcome().await.unwrap(), Outcome::Completed(12), "what the old version returned");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_builder_refuses_what_cannot_be_meant() {
    let build = |builder: sagas::Builder| async move { builder.build().await.unwrap_err() };
    let new = || Orchestrator::builder(MemoryStore::new());
    let error = build(new()).await;
    assert!(matches!(error, Error::NothingRegistered), "{error:?}");
    let error = build(new().register(first::Travel { hangs: false }).register(changed::Travel)).await;
    assert!(matches!(&error, Error::RegisteredTwice { saga, version: 1 } if saga == "travel"), "{error:?}");
    for builder in
        [new().max_active(0), new().namespace(""), new().namespace("a\nb"), new().namespace("n".repeat(65))]
    {
        let error = build(builder.register(third::Travel)).await;
        assert!(matches!(error, Error::InvalidSetting { .. }), "{error:?}");
    }
}
