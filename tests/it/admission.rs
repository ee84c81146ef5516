//! How many instances are driven at once, who is next, and that nobody stands in another's way.

use std::time::Duration;

use sagas::journal::{Event, codec};
use sagas::prelude::*;
use sagas::store::{Seq, Stored};
use sagas::{Error, InstanceState};

use crate::support::data::{Data, on_both};
use crate::support::shop::Shop;
use crate::support::world::{Act, World};
use crate::support::{builder, open, retry, start};

/// A world in which each of `count` orders waits in its first step.
fn all_wait(count: usize) -> World {
    World::default().script("create_order", &vec![Act::Wait; count])
}

/// Waits until everything that can happen has: every task waits for something else.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn no_more_instances_are_driven_at_once_than_is_said() {
    on_both(async |data| {
        let world = all_wait(3);
        let orchestrator = builder(data.open(), &world).max_active(3).build().await.unwrap();
        let mut handles = Vec::new();
        for number in 0..20 {
            handles.push(start(&orchestrator, &format!("order-{number}")).await);
        }
        world.called("create_order", 3).await;
        settle().await;
        assert_eq!(world.count("create_order"), 3);
        world.open();
        for handle in &handles {
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        assert_eq!(world.active_max(), 3);
        orchestrator.shutdown().await;
    });
}

#[test]
fn queued_instances_are_durable_have_not_begun_and_are_driven_in_order() {
    on_both(async |data| {
        let world = all_wait(1);
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let ids: Vec<_> = (0..8).map(|number| format!("order-{number}")).collect();
        let mut handles = Vec::new();
        for id in &ids {
            handles.push(start(&orchestrator, id).await);
        }
        world.called("create_order", 1).await;
        settle().await;
        for handle in &handles[1..] {
            assert_eq!(handle.status().await.unwrap().state, InstanceState::Running);
            assert_eq!(handle.try_outcome().await.unwrap(), None);
        }
        world.open();
        for handle in &handles {
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        }
        let order: Vec<_> = world.seen().iter().step_by(5).map(|call| call.instance.clone()).collect();
        assert_eq!(order, ids);
        orchestrator.shutdown().await;
        assert!(began_at_once(data, &ids[0]).await);
        for id in &ids[1..] {
            assert!(!began_at_once(data, id).await, "{id}");
        }
    });
}

/// Whether the first entry of the instance has the start of a step.
async fn began_at_once(data: &Data, id: &str) -> bool {
    let journal = data.journal(id).await;
    journal[0].events.iter().any(|event| matches!(event, Event::StepStarted { .. }))
}

#[test]
fn i3_queued_instances_are_driven_after_a_restart() {
    on_both(async |data| {
        let world = all_wait(1);
        let orchestrator =
            builder(data.open(), &world).max_active(1).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for number in 0..200 {
            start(&orchestrator, &format!("order-{number}")).await;
        }
        world.called("create_order", 1).await;
        orchestrator.shutdown().await;

        let orchestrator = builder(data.open(), &world).max_active(4).build().await.unwrap();
        for number in 0..200 {
            let handle = orchestrator.handle::<Shop>(format!("order-{number}"));
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)), "order-{number}");
        }
        assert!(world.active_max() <= 4);
        assert_eq!(world.in_force().len(), 200 * 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn i18_what_a_crash_left_behind_does_not_hold_up_what_starts() {
    on_both(async |data| {
        let mut world = World::default();
        for number in 0..40 {
            world = world.script(&format!("create_order@order-{number}"), &[Act::Hang, Act::Wait, Act::Wait]);
        }
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for number in 0..40 {
            start(&orchestrator, &format!("order-{number}")).await;
        }
        world.called("create_order", 40).await;
        orchestrator.shutdown().await;

        let orchestrator =
            builder(data.open(), &world).max_active(4).shutdown_grace(Duration::ZERO).build().await.unwrap();
        world.called("create_order", 42).await;
        for number in 1..=10 {
            let new = start(&orchestrator, &format!("new-{number}")).await;
            assert!(matches!(new.outcome().await.unwrap(), Outcome::Completed(_)));
            assert_eq!(world.count("create_order"), 42 + number, "half of the places are for new ones");
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn what_two_orchestrators_drive_one_after_the_other_is_driven_once() {
    on_both(async |data| {
        let world = World::default();
        for life in 0..5 {
            let orchestrator =
                builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
            for number in 0..20 {
                start(&orchestrator, &format!("order-{life}-{number}")).await;
            }
            orchestrator.shutdown().await;
        }
        let orchestrator = open(data.open(), &world).await;
        let mut completed = 0;
        for life in 0..5 {
            for number in 0..20 {
                let handle = orchestrator.handle::<Shop>(format!("order-{life}-{number}"));
                // What a shutdown without grace cut off is in doubt, and may be found not to have been done.
                match handle.outcome().await.unwrap() {
                    Outcome::Completed(_) => completed += 1,
                    Outcome::Compensated(_) => {}
                    Outcome::Parked(parked) => panic!("{parked}"),
                }
            }
        }
        assert_eq!(world.in_force().len(), completed * 5);
        orchestrator.shutdown().await;
    });
}

/// Damages what is loaded of the instance `bad`.
fn damage(stored: &mut Stored, how: &str) {
    if stored.head.id.as_str() != "bad" {
        return;
    }
    let last = stored.entries.last_mut().unwrap();
    match how {
        "an event that nobody knows" => last.events = r#"[{"signal_from_the_future":{}}]"#.to_owned(),
        "a format that nobody knows" => last.format = codec::FORMAT + 1,
        "no JSON" => last.events.truncate(last.events.len() / 2),
        "a gap" => last.seq = Seq::new(last.seq.get() + 1),
        "an impossible event" => last.events = r#"["compensated"]"#.to_owned(),
        "no entry" => stored.entries.clear(),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn i18_i24_one_that_cannot_be_read_stays_as_it_is_and_stops_nobody() {
    let cases = [
        "an event that nobody knows",
        "a format that nobody knows",
        "no JSON",
        "a gap",
        "an impossible event",
        "no entry",
    ];
    for how in cases {
        let data = Data::memory();
        let world = World::default().script("pay", &[Act::Hang; 3]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for id in ["first", "bad", "last"] {
            start(&orchestrator, id).await;
        }
        world.called("pay", 3).await;
        orchestrator.shutdown().await;
        let before = data.stored("bad").await.unwrap();

        let store = data.open();
        store.plan().on_load(|stored| damage(stored, how));
        let orchestrator = builder(store, &world).max_active(1).build().await.unwrap();
        for id in ["first", "last"] {
            let outcome = orchestrator.handle::<Shop>(id).outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{how}: {outcome:?}");
        }
        let bad = orchestrator.handle::<Shop>("bad");
        let errors = [
            bad.outcome().await.unwrap_err(),
            bad.try_outcome().await.unwrap_err(),
            bad.status().await.unwrap_err(),
            orchestrator.resolve("bad", retry()).await.unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(&error, Error::Unreadable { id, .. } if id.as_str() == "bad"),
                "{how}: {error:?}"
            );
        }
        orchestrator.shutdown().await;
        let after = data.stored("bad").await.unwrap();
        assert_eq!(after.entries, before.entries, "{how}: nothing is written to it");
        assert_eq!(after.head.progress.state, InstanceState::Unreadable, "{how}");
        assert_eq!(world.count("pay"), 3);
    }
}

#[test]
fn i18_i24_one_that_was_damaged_in_the_file_stays_as_it_is_and_stops_nobody() {
    let data = Data::sqlite();
    data.runtime().block_on(crate::support::soon(async {
        let world = World::default().script("pay", &[Act::Hang; 2]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        for id in ["bad", "good"] {
            start(&orchestrator, id).await;
        }
        world.called("pay", 2).await;
        orchestrator.shutdown().await;

        let file = rusqlite::Connection::open(data.path().unwrap()).unwrap();
        let number = "(SELECT number FROM instance WHERE id = 'bad')";
        let changed = file
            .execute(
                &format!("UPDATE entry SET events = '[{{\"lo' WHERE seq = 2 AND instance = {number}"),
                (),
            )
            .unwrap();
        assert_eq!(changed, 1);
        drop(file);
        let before = data.stored("bad").await.unwrap();

        let orchestrator = open(data.open(), &world).await;
        let outcome = orchestrator.handle::<Shop>("good").outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        let bad = orchestrator.handle::<Shop>("bad");
        assert!(matches!(bad.outcome().await, Err(Error::Unreadable { .. })));
        let error = bad.status().await.unwrap_err();
        assert!(matches!(&error, Error::Unreadable { what, .. } if what.contains("entry 2")), "{error:?}");
        let error = orchestrator.start::<Shop>("bad", crate::support::shop::order(2)).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "its input can be read: {error:?}");
        orchestrator.shutdown().await;
        assert_eq!(data.stored("bad").await.unwrap().entries, before.entries);
    }));
}

#[tokio::test(start_paused = true)]
async fn i18_a_page_of_instances_that_nobody_knows_holds_up_no_other() {
    let data = Data::memory();
    let world = World::default();
    let builder = Orchestrator::builder(data.open()).register(Stuck).shutdown_grace(Duration::ZERO);
    let orchestrator = builder.build().await.unwrap();
    for number in 0..300 {
        orchestrator.start::<Stuck>(format!("stuck-{number}"), ()).await.unwrap();
    }
    orchestrator.shutdown().await;
    let builder = crate::support::builder(data.open(), &world).max_active(1);
    let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
    start(&orchestrator, "order-1").await;
    orchestrator.shutdown().await;

    // The order is claimed after all those that no saga is registered for.
    let orchestrator = open(data.open(), &world).await;
    let outcome = orchestrator.handle::<Shop>("order-1").outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    orchestrator.shutdown().await;
}

/// A saga that never ends, and that later programs do not know.
struct Stuck;

#[saga]
impl Stuck {
    #[step(read_only)]
    async fn wait(&self) -> Result<(), StepError> {
        std::future::pending().await
    }
}
