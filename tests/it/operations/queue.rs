//! How many may wait for a place.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Error, Filter};

use super::desk::{Desk, builder, start};
use crate::support::data::on_both;
use crate::support::world::{Act, World};
use crate::waiting::family::{self, Kit};

#[test]
fn as_many_wait_as_may_and_no_one_more() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Wait; 2]);
        let builder = builder(data.open(), &world).max_active(2).max_queued(3);
        let orchestrator = builder.build().await.unwrap();
        // All at once: who comes too late is told so, and only he.
        let mut starting = tokio::task::JoinSet::new();
        for number in 0..9 {
            let orchestrator = orchestrator.clone();
            starting.spawn(async move { orchestrator.start::<Desk>(format!("it-{number}"), 1).await });
        }
        let (mut started, mut refused) = (Vec::new(), Vec::new());
        while let Some(result) = starting.join_next().await {
            match result.unwrap() {
                Ok(handle) => started.push(handle),
                Err(Error::Overloaded { id, queued_max: 3 }) => refused.push(id.to_string()),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((started.len(), refused.len()), (5, 4));
        // Who is there is found, also if no one more is let in; and another input is still another.
        for handle in &started {
            start(&orchestrator, handle.id().as_str()).await;
            let conflict = orchestrator.start::<Desk>(handle.id().as_str(), 2).await.unwrap_err();
            assert!(matches!(conflict, Error::Conflict { .. }), "{conflict:?}");
        }
        let listed = orchestrator.instances(Filter::new()).await.unwrap().items.len();
        assert_eq!(listed, 5, "nothing is left of the others");
        let error = orchestrator.handle::<Desk>(refused[0].as_str()).status().await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        world.open();
        for handle in &started {
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        for id in refused {
            let _ = start(&orchestrator, &id).await.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn nobody_waits_where_nobody_may() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Wait]);
        let builder = builder(data.open(), &world).max_active(1).max_queued(0);
        let orchestrator = builder.build().await.unwrap();
        let first = start(&orchestrator, "first").await;
        world.called("take", 1).await;
        let error = orchestrator.start::<Desk>("second", 1).await.unwrap_err();
        assert!(matches!(error, Error::Overloaded { queued_max: 0, .. }), "{error:?}");
        assert!(error.to_string().contains("max_queued"), "{error}");
        world.open();
        let _ = first.outcome().await.unwrap();
        let _ = start(&orchestrator, "second").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
    });
}

#[test]
fn what_is_cancelled_in_the_queue_makes_room_when_it_is_its_turn() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Wait]);
        let builder = builder(data.open(), &world).max_active(1).max_queued(1);
        let orchestrator = builder.build().await.unwrap();
        let first = start(&orchestrator, "first").await;
        let second = start(&orchestrator, "second").await;
        second.cancel("it takes too long").await.unwrap();
        assert!(matches!(second.outcome().await.unwrap(), Outcome::Compensated(_)));
        world.open();
        let _ = first.outcome().await.unwrap();
        for number in 0..5 {
            let handle = start(&orchestrator, &format!("it-{number}")).await;
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_is_started_however_many_wait() {
    on_both(async |data| {
        let world = World::default().script("open", &[Act::Linger; 3]);
        let builder = family::builder(data.open(), &world).max_active(1).max_queued(2);
        let orchestrator = builder.build().await.unwrap();
        let mut kits = Vec::new();
        for number in 0..3 {
            kits.push(orchestrator.start::<Kit>(format!("kit-{number}"), 1).await.unwrap());
        }
        for kit in kits {
            assert!(matches!(kit.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn what_a_crash_left_behind_is_not_counted() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Hang, Act::Wait, Act::Wait]);
        let orchestrator =
            builder(data.open(), &world).max_active(1).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for number in 0..20 {
            start(&orchestrator, &format!("old-{number}")).await;
        }
        orchestrator.shutdown().await;
        let builder = builder(data.open(), &world).max_active(2).max_queued(1);
        let orchestrator = builder.build().await.unwrap();
        world.called("take", 2).await;
        start(&orchestrator, "new").await;
        world.open();
        for number in 0..20 {
            let handle = orchestrator.handle::<Desk>(format!("old-{number}"));
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn who_is_cancelled_while_he_waits_makes_room() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Wait]);
        let builder = builder(data.open(), &world).max_active(1).max_queued(1);
        let orchestrator = builder.build().await.unwrap();
        let first = start(&orchestrator, "first").await;
        world.called("take", 1).await;
        let second = start(&orchestrator, "second").await;
        let error = orchestrator.start::<Desk>("third", 1).await.unwrap_err();
        assert!(matches!(error, Error::Overloaded { .. }), "{error:?}");
        second.cancel("nobody wants it").await.unwrap();
        assert!(matches!(second.outcome().await.unwrap(), Outcome::Compensated(_)));
        let third = start(&orchestrator, "third").await;
        world.open();
        for handle in [first, third] {
            let _ = handle.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
    });
}
