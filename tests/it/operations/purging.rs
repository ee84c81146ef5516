//! Deleting what has ended.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Error, Filter, InstanceState};

use super::desk::{Desk, builder, open, start};
use crate::support::data::{Data, on_both};
use crate::support::probe::Moment;
use crate::support::world::{Act, World};
use crate::support::{poll_times, soon};
use crate::waiting::family::{self, Gift, Kit};
use crate::waiting::in_time;

async fn ids(orchestrator: &Orchestrator) -> Vec<String> {
    let page = orchestrator.instances(Filter::new().limit(1_000)).await.unwrap();
    page.items.iter().map(|item| item.id.to_string()).collect()
}

#[test]
fn what_has_ended_is_deleted_and_nothing_else() {
    on_both(async |data| {
        let world = World::default()
            .script("grant@doubt", &[Act::LoseAnswer])
            .script("grant@refused", &[Act::Reject])
            .script("hold@runs", &[Act::Wait])
            .script("grant@back", &[Act::Reject])
            .script("hold/compensate@back", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        for id in ["doubt", "refused", "done"] {
            let _ = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        for id in ["runs", "back"] {
            start(&orchestrator, id).await;
        }
        world.called("hold", 5).await;
        world.called("hold/compensate", 2).await;
        for state in [InstanceState::Running, InstanceState::Compensating, InstanceState::Parked] {
            assert_eq!(orchestrator.purge(Filter::new().state(state)).await.unwrap(), 0, "{state}");
        }
        let completed = Filter::new().state(InstanceState::Completed);
        assert_eq!(orchestrator.purge(completed).await.unwrap(), 1);
        assert_eq!(orchestrator.purge(Filter::new()).await.unwrap(), 1);
        assert_eq!(ids(&orchestrator).await, ["doubt", "runs", "back"]);
        let gone = orchestrator.handle::<Desk>("done");
        for error in [
            gone.status().await.unwrap_err(),
            gone.outcome().await.unwrap_err(),
            gone.revert("").await.unwrap_err(),
            orchestrator.inspect("done").await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        }
        // Its id is free.
        let again = start(&orchestrator, "done").await;
        world.open();
        assert!(matches!(again.outcome().await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
        let error = orchestrator.purge(Filter::new()).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
        assert!(data.stored("refused").await.is_none());
    });
}

#[test]
fn children_go_with_their_parents_and_not_before() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = family::open(data.open(), &world).await;
        for number in 0..100 {
            let id = format!("gift-{number}");
            let _ = orchestrator.start::<Gift>(id, 1).await.unwrap().outcome().await.unwrap();
        }
        for saga in ["part", "kit"] {
            assert_eq!(orchestrator.purge(Filter::new().saga(saga)).await.unwrap(), 0, "{saga}");
        }
        assert_eq!(orchestrator.purge(Filter::new().saga("gift").limit(10)).await.unwrap(), 10 * 3);
        assert_eq!(ids(&orchestrator).await.len(), 90 * 3);
        assert_eq!(orchestrator.purge(Filter::new()).await.unwrap(), 90 * 3);
        assert!(ids(&orchestrator).await.is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_start_under_the_id_of_a_purged_parent_takes_nothing_for_its_own() {
    on_both(async |data| {
        let world = World::default().script("ribbon", &[Act::Succeed, Act::Reject]);
        let orchestrator = family::open(data.open(), &world).await;
        // Somebody's own, under an id that begins like that of a child.
        let _ = orchestrator.start::<Kit>("gift-1/other", 1).await.unwrap().outcome().await.unwrap();
        for (completes, calls) in [(true, 2), (false, 3)] {
            let outcome = orchestrator.start::<Gift>("gift-1", 1).await.unwrap().outcome().await.unwrap();
            assert_eq!(matches!(outcome, Outcome::Completed(_)), completes, "{outcome:?}");
            assert_eq!(world.count("make"), calls, "the children are started anew");
            assert_eq!(orchestrator.purge(Filter::new().saga("gift")).await.unwrap(), 3);
            assert_eq!(ids(&orchestrator).await, ["gift-1/other", "gift-1/other/part"]);
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn commits_go_on_while_thousands_are_deleted() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let mut handles = Vec::new();
        for number in 0..1_000 {
            handles.push(start(&orchestrator, &format!("old-{number}")).await);
        }
        for handle in handles {
            let _ = handle.outcome().await.unwrap();
        }
        let mut purging = std::pin::pin!(orchestrator.purge(Filter::new().id_prefix("old-")));
        let mut started = 0;
        let purged = loop {
            if let Some(purged) = poll_times(purging.as_mut(), 1).await {
                break purged.unwrap();
            }
            start(&orchestrator, &format!("new-{started}")).await;
            started += 1;
        };
        assert_eq!(purged, 1_000);
        assert!(started >= 5, "only {started} were started meanwhile");
        orchestrator.shutdown().await;
    }));
}

#[test]
fn what_ended_long_ago_is_deleted_by_itself() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let world = World::default().script("grant@doubt", &[Act::LoseAnswer]);
        let store = data.open();
        let plan = store.plan();
        let orchestrator = builder(store, &world).retain_for(hours(24)).build().await.unwrap();
        for id in ["first", "doubt"] {
            let _ = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        tokio::time::sleep(hours(20)).await;
        let _ = start(&orchestrator, "second").await.outcome().await.unwrap();
        assert_eq!(ids(&orchestrator).await, ["first", "doubt", "second"]);
        tokio::time::sleep(hours(6)).await;
        assert_eq!(ids(&orchestrator).await, ["doubt", "second"]);
        // A store that fails is asked again.
        tokio::time::sleep(hours(17)).await;
        plan.break_down();
        tokio::time::sleep(hours(3)).await;
        plan.mend();
        assert_eq!(ids(&orchestrator).await, ["doubt", "second"]);
        tokio::time::sleep(hours(2)).await;
        assert_eq!(ids(&orchestrator).await, ["doubt"]);
        orchestrator.instance("doubt").cancel("nobody asks").await.unwrap();
        let _ = orchestrator.handle::<Desk>("doubt").outcome().await.unwrap();
        tokio::time::sleep(hours(20)).await;
        assert_eq!(ids(&orchestrator).await, ["doubt"], "it has ended now, not when it was started");
        tokio::time::sleep(hours(6)).await;
        assert!(ids(&orchestrator).await.is_empty());
        orchestrator.shutdown().await;
    }));
}

#[test]
fn a_child_that_ended_long_before_its_parent_is_deleted_with_it() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let world = World::default();
        let builder = family::builder(data.open(), &world).retain_for(hours(24));
        let orchestrator = builder.build().await.unwrap();
        let _ = orchestrator.start::<Kit>("kit-1", 1).await.unwrap().outcome().await.unwrap();
        tokio::time::sleep(hours(20)).await;
        orchestrator.instance("kit-1").revert("it was kept for that").await.unwrap();
        let _ = orchestrator.handle::<Kit>("kit-1").outcome().await.unwrap();
        tokio::time::sleep(hours(20)).await;
        assert_eq!(ids(&orchestrator).await.len(), 2);
        tokio::time::sleep(hours(8)).await;
        assert!(ids(&orchestrator).await.is_empty());
        orchestrator.shutdown().await;
    }));
}

#[test]
fn a_shutdown_does_not_wait_for_what_is_yet_to_be_deleted() {
    on_both(async |data| {
        let store = data.open();
        let plan = store.plan();
        let world = World::default();
        let orchestrator = builder(store, &world).retain_for(Duration::ZERO).build().await.unwrap();
        plan.on_append(|_, moment| assert!(matches!(moment, Moment::Before | Moment::After)));
        let _ = start(&orchestrator, "it-1").await.outcome().await;
        soon(orchestrator.shutdown()).await;
    });
}
