//! What the next deployment may change under instances in flight, and what it may not.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Builder, Error, Filter, InstanceState};

use super::scenes::{ID, until};
use crate::support::data::{Data, on_both};
use crate::support::retry;
use crate::support::world::{Act, World};

/// A deployment of the saga `trip`.
macro_rules! deployment {
    ($module:ident, $(#[$saga:meta])* { $($steps:tt)* }) => {
        mod $module {
            use sagas::prelude::*;

            use crate::support::world::World;

            #[derive(Debug, Clone)]
            pub(super) struct Trip {
                pub(super) world: World,
            }

            $(#[$saga])*
            impl Trip {
                $($steps)*
            }
        }
    };
}

deployment!(
    first,
    #[saga(name = "trip")]
    {
        #[step(compensate = cancel, idempotent, timeout = "1h")]
        async fn flight(&self, cx: &StepContext) -> Result<u32, StepError> {
            self.world.forward(cx).await
        }
        async fn cancel(&self, cx: &StepContext, flight: &u32) -> Result<(), StepError> {
            let _ = flight;
            self.world.compensate(cx).await
        }

        #[step(pivot, in_doubt = park)]
        async fn hotel(&self, cx: &StepContext, flight: &u32) -> Result<String, StepError> {
            let _ = flight;
            self.world.forward(cx).await.map(|_| "first".to_owned())
        }
    }
);

// Methods are renamed, policies are others, types are read alike.
deployment!(
    tuned,
    #[saga(name = "trip")]
    {
        #[step(compensate = give_back, idempotent, name = "flight", timeout = "2h", max_running = 7, delay = "1s",
        retry(attempts = 3, initial = "1s"))]
        async fn book_a_flight(&self, cx: &StepContext) -> Result<u64, StepError> {
            self.world.forward(cx).await.map(u64::from)
        }
        async fn give_back(&self, cx: &StepContext, book_a_flight: &u64) -> Result<(), StepError> {
            let _ = book_a_flight;
            self.world.compensate(cx).await
        }

        #[step(pivot, in_doubt = check(find), name = "hotel", output = room)]
        async fn book_a_room(&self, cx: &StepContext, book_a_flight: &u64) -> Result<String, StepError> {
            let _ = book_a_flight;
            self.world.forward(cx).await.map(|_| "tuned".to_owned())
        }
        async fn find(&self, cx: &StepContext) -> Result<Checked<String>, StepError> {
            let _ = cx;
            Ok(Checked::NotDone)
        }
    }
);

deployment!(
    changed,
    #[saga(name = "trip")]
    {
        #[step(compensate = cancel)]
        async fn flight(&self, cx: &StepContext) -> Result<u32, StepError> {
            self.world.forward(cx).await
        }
        async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
            self.world.compensate(cx).await
        }

        #[step(read_only)]
        async fn seat(&self, cx: &StepContext) -> Result<u32, StepError> {
            self.world.forward(cx).await
        }
    }
);

deployment!(
    second,
    #[saga(name = "trip", version = 2)]
    {
        #[step(read_only, timeout = "1h")]
        async fn seat(&self, cx: &StepContext) -> Result<String, StepError> {
            self.world.forward(cx).await.map(|_| "second".to_owned())
        }
    }
);

fn of_first(builder: Builder, world: &World) -> Builder {
    builder.register(first::Trip { world: world.clone() })
}

#[test]
fn i23_versions_live_side_by_side_and_each_instance_ends_under_its_own() {
    on_both(async |data| {
        let world = World::default().script("flight", &[Act::Hang]).script("seat", &[Act::Hang]);
        let build = async |store| {
            let builder = Orchestrator::builder(store).register(second::Trip { world: world.clone() });
            of_first(builder, &world).shutdown_grace(Duration::ZERO).build().await.unwrap()
        };
        let orchestrator = build(data.open()).await;
        orchestrator.start::<first::Trip>("old", ()).await.unwrap();
        orchestrator.start::<second::Trip>("new", ()).await.unwrap();
        world.called("flight", 1).await;
        world.called("seat", 1).await;
        let page = orchestrator.instances(Filter::new().saga("trip")).await.unwrap();
        let versions: Vec<_> = page.items.iter().map(|item| (item.id.as_str(), item.version)).collect();
        assert_eq!(versions, [("old", 1), ("new", 2)], "the version is that of the type it is started as");
        orchestrator.shutdown().await;

        let orchestrator = build(data.open()).await;
        let (old, new) =
            (orchestrator.handle::<first::Trip>("old"), orchestrator.handle::<second::Trip>("new"));
        assert_eq!(old.outcome().await.unwrap(), Outcome::Completed("first".to_owned()));
        assert_eq!(new.outcome().await.unwrap(), Outcome::Completed("second".to_owned()));
        // The same id and input is the same instance, of whatever version.
        let same = orchestrator.start::<second::Trip>("old", ()).await.unwrap();
        let error = same.outcome().await.unwrap_err();
        assert!(matches!(error, Error::DefinitionChanged { .. }), "its output is of another step: {error:?}");
        orchestrator.shutdown().await;
    });
}

#[test]
fn i23_names_and_policies_change_under_instances_in_flight() {
    on_both(async |data| {
        let world =
            World::default().script("hotel@doubt", &[Act::LoseRequest]).script("flight@runs", &[Act::Hang]);
        let builder = of_first(Orchestrator::builder(data.open()), &world);
        let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
        let doubt = orchestrator.start::<first::Trip>("doubt", ()).await.unwrap();
        assert!(matches!(doubt.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.start::<first::Trip>("runs", ()).await.unwrap();
        world.called("flight", 2).await;
        orchestrator.shutdown().await;

        let builder = Orchestrator::builder(data.open()).register(tuned::Trip { world: world.clone() });
        let orchestrator = builder.build().await.unwrap();
        let runs = orchestrator.handle::<tuned::Trip>("runs");
        assert_eq!(runs.outcome().await.unwrap(), Outcome::Completed("tuned".to_owned()));
        let doubt = orchestrator.handle::<tuned::Trip>("doubt");
        let Outcome::Parked(parked) = doubt.outcome().await.unwrap() else { panic!("it stays parked") };
        assert_eq!(parked.step, tuned::TripStep::BookARoom, "the method's new name");
        orchestrator.resolve_step("doubt", "hotel", retry()).await.unwrap();
        assert_eq!(doubt.outcome().await.unwrap(), Outcome::Completed("tuned".to_owned()));
        orchestrator.shutdown().await;
    });
}

/// Leaves one instance behind that is parked, or unreadable.
async fn leave(data: &Data, state: InstanceState) {
    let world = World::default().script("hotel", &[Act::LoseAnswer]).script("flight", &[Act::Succeed]);
    let builder = of_first(Orchestrator::builder(data.open()), &world);
    let orchestrator = builder.build().await.unwrap();
    let trip = orchestrator.start::<first::Trip>(ID, ()).await.unwrap();
    assert!(matches!(trip.outcome().await.unwrap(), Outcome::Parked(_)));
    orchestrator.shutdown().await;
    if state == InstanceState::Unreadable {
        let store = data.open();
        store.plan().on_load(|stored| stored.entries[0].format = 999);
        let orchestrator = of_first(Orchestrator::builder(store), &world).build().await.unwrap();
        let error = orchestrator.resolve(ID, retry()).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
        until(&orchestrator, InstanceState::Unreadable).await;
        orchestrator.shutdown().await;
    }
}

#[test]
fn i23_other_steps_under_the_same_version_are_refused_while_anything_of_it_has_not_ended() {
    for state in [InstanceState::Parked, InstanceState::Unreadable] {
        on_both(async |data| {
            leave(data, state).await;
            let entries = data.stored(ID).await.unwrap().entries;
            let world = World::default();
            let store = data.open_once_free().await;
            let builder = Orchestrator::builder(store).register(changed::Trip { world: world.clone() });
            let error = builder.build().await.unwrap_err();
            let Error::DefinitionChanged { saga, what } = &error else { panic!("{state}: {error:?}") };
            assert_eq!(saga, "trip");
            for difference in [
                "step hotel is gone",
                "step seat is new",
                "step flight is idempotent in one only",
                "step flight has a compensation that needs its output in one only",
            ] {
                assert!(what.contains(difference), "{state}: {what}");
            }
            // Under another version it is fine, and the old one is left alone.
            let store = data.open_once_free().await;
            let builder = Orchestrator::builder(store).register(second::Trip { world });
            let orchestrator = builder.build().await.unwrap();
            let page = orchestrator.instances(Filter::new()).await.unwrap();
            assert_eq!((page.items[0].state, page.items[0].unregistered), (state, true));
            orchestrator.shutdown().await;
            assert_eq!(data.stored(ID).await.unwrap().entries, entries);
        });
    }
}
