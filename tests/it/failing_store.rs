//! A store that fails: nothing is lost, nothing is written twice, and nobody else is harmed.

use std::time::Duration;

use sagas::journal::{Entry, Event};
use sagas::prelude::*;
use sagas::store::StoreErrorKind;
use sagas::{Error, InstanceState};

use crate::support::data::{Data, on_both};
use crate::support::probe::Moment;
use crate::support::process::assert_sound;
use crate::support::scripts::{SCRIPTS, Script, world};
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, open, poll_times, retry, soon, start};

/// More appends than any of the sequences makes.
const APPENDS_MAX: usize = 60;

/// Drives one order to its end while the appends from the `append`th on fail as `moments` says. `None` if there
/// were not so many.
async fn drive(data: &Data, script: Script, append: usize, moments: &[Moment]) -> Option<()> {
    let what = format!("{}, append {append} fails {moments:?}", script.0);
    let world = world(script);
    let store = data.open();
    let plan = store.plan();
    plan.fail(append, moments);
    let orchestrator = open(store, &world).await;
    let handle = loop {
        match orchestrator.start::<Shop>("order-1", order(1)).await {
            Ok(handle) => break handle,
            // Both tries to create it failed: nobody knows whether it was, and starting again tells.
            Err(Error::Store(_)) if append == 1 && moments.len() > 1 => {}
            Err(error) => panic!("{what}: {error:?}"),
        }
    };
    let mut outcome = handle.outcome().await.unwrap();
    while let Outcome::Parked(_) = outcome {
        orchestrator.resolve("order-1", retry()).await.unwrap();
        outcome = handle.outcome().await.unwrap();
    }
    assert_sound(&world, &outcome, &what);
    orchestrator.shutdown().await;
    assert_eq!(plan.reopened() > 0, plan.commits() >= append, "{what}: reopened {}", plan.reopened());
    assert_lawful(&data.journal("order-1").await, &what);
    // What a failed append announced runs once, as if it had not failed.
    for call in world.seen() {
        let same = world
            .seen()
            .iter()
            .filter(|other| other.key == call.key && other.attempt == call.attempt)
            .count();
        let checks =
            world.seen().iter().filter(|other| other.key == call.key && other.what != call.what).count();
        assert!(same == 1 || checks > 0, "{what}: {call:?}");
    }
    (plan.commits() >= append).then_some(())
}

/// What holds of any journal.
fn assert_lawful(journal: &[Entry], what: &str) {
    let mut expected = 1..;
    assert!(journal.iter().all(|entry| Some(entry.seq.get()) == expected.next()), "{what}: a gap");
    let events: Vec<_> = journal.iter().flat_map(|entry| &entry.events).collect();
    let mut seen = Vec::new();
    for event in &events {
        let once = match event {
            Event::SagaStarted { .. } | Event::CompensationDecided { .. } => Some((event.name(), None, 0)),
            Event::StepSucceeded { step, .. } | Event::CompensationSucceeded { step, .. } => {
                Some((event.name(), Some(step), 0))
            }
            Event::StepStarted { step, attempt, .. }
            | Event::CompensationStarted { step, attempt, .. }
            | Event::AttemptFailed { step, attempt, .. } => Some((event.name(), Some(step), *attempt)),
            _ => None,
        };
        if let Some(once) = once {
            assert!(!seen.contains(&once), "{what}: twice {once:?}");
            seen.push(once);
        }
    }
    let ends = events.iter().filter(|event| matches!(event, Event::Completed | Event::Compensated)).count();
    assert_eq!(ends, 1, "{what}");
    assert!(matches!(events.last(), Some(Event::Completed | Event::Compensated)), "{what}");
}

async fn drive_everywhere(data: impl Fn() -> Data, scripts: &[Script], moments: &[Moment]) {
    for script in scripts {
        let mut append = 1;
        while soon(drive(&data(), *script, append, moments)).await.is_some() {
            append += 1;
            assert!(append < APPENDS_MAX, "{}: it never ends", script.0);
        }
        assert!(append > 2, "{}: {append}", script.0);
    }
}

#[tokio::test(start_paused = true)]
async fn i3_i6_an_append_that_fails_anywhere_changes_nothing() {
    for moment in [Moment::Before, Moment::After] {
        drive_everywhere(Data::memory, &SCRIPTS, &[moment]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn i3_i6_appends_that_fail_in_a_row_change_nothing() {
    for first in [Moment::Before, Moment::After] {
        for second in [Moment::Before, Moment::After] {
            drive_everywhere(Data::memory, &SCRIPTS, &[first, second]).await;
        }
    }
    drive_everywhere(Data::memory, &SCRIPTS[..3], &[Moment::Before; 8]).await;
}

#[test]
fn i3_i6_an_append_to_a_file_that_fails_anywhere_changes_nothing() {
    Data::sqlite().runtime().block_on(async {
        for moment in [Moment::Before, Moment::After] {
            drive_everywhere(Data::sqlite, &SCRIPTS[..4], &[moment]).await;
        }
    });
}

#[test]
fn a_start_that_fails_says_so_and_a_later_one_of_the_same_id_succeeds() {
    on_both(async |data| {
        let world = World::default();
        let store = data.open();
        let plan = store.plan();
        let orchestrator = open(store, &world).await;
        for moments in [[Moment::Before; 2], [Moment::After; 2]] {
            plan.fail(plan.commits() + 1, &moments);
            let id = format!("order-{}", plan.commits());
            match orchestrator.start::<Shop>(id.as_str(), order(1)).await {
                Err(Error::Store(_)) => assert_eq!(moments[0], Moment::Before),
                // It was found when it was read back.
                Ok(_) => assert_eq!(moments[0], Moment::After),
                Err(error) => panic!("{error}"),
            }
            let outcome = start(&orchestrator, &id).await.outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        }
        assert_eq!(world.calls().len(), 10);
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn while_a_store_is_broken_starts_fail_and_what_runs_waits() {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    let running = start(&orchestrator, "running").await;
    world.called("pay", 1).await;
    plan.break_down();
    // This one's entry and the new ones may be in one batch or in several.
    world.open();
    for id in ["new-1", "new-2"] {
        let error = soon(orchestrator.start::<Shop>(id, order(1))).await.unwrap_err();
        assert!(matches!(error, Error::Store(_)), "{error:?}");
    }
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    assert_eq!(world.count("ship"), 0, "nothing starts that is not on record");
    plan.mend();
    assert!(matches!(soon(running.outcome()).await.unwrap(), Outcome::Completed(_)));
    for id in ["new-1", "new-2"] {
        let outcome = soon(start(&orchestrator, id).await.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    }
    assert_eq!(world.calls().len(), 15, "each step of each once");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_in_one_batch_with_others_is_told_that_the_store_is_broken() {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    let running = start(&orchestrator, "running").await;
    world.called("pay", 1).await;
    // One append is held back, so that what comes meanwhile is one batch.
    plan.hold();
    let first = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { start(&orchestrator, "first").await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.open();
    let second = tokio::spawn({
        let orchestrator = orchestrator.clone();
        async move { orchestrator.start::<Shop>("second", order(1)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    plan.fail(plan.commits() + 1, &[Moment::Before; 1_000]);
    plan.release();
    let error = soon(second).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    plan.fail(1, &[]);
    let second = soon(start(&orchestrator, "second")).await;
    for handle in [running, first.await.unwrap(), second] {
        assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    }
    assert_eq!(world.calls().len(), 15, "each step of each once");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_over_a_broken_store_ends_and_leaves_what_is_on_record() {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::Wait]);
    let store = data.open();
    let plan = store.plan();
    let orchestrator = open(store, &world).await;
    let handle = start(&orchestrator, "order-1").await;
    world.called("pay", 1).await;
    plan.break_down();
    world.open();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let waiting = tokio::spawn(async move { handle.outcome().await });
    soon(orchestrator.shutdown()).await;
    let error = soon(waiting).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::ShuttingDown | Error::Stopped { .. } | Error::Store(_)), "{error:?}");

    let orchestrator = open(data.open(), &world).await;
    let handle = start(&orchestrator, "order-1").await;
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    assert_eq!(handle.status().await.unwrap().state, InstanceState::Completed);
    assert_eq!(world.in_force().len(), 5);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i18_an_instance_on_a_damaged_page_holds_up_no_other_of_a_batch_that_failed() {
    for (kind, moment) in [
        (StoreErrorKind::Corrupt, Moment::Before),
        (StoreErrorKind::Corrupt, Moment::After),
        (StoreErrorKind::Io, Moment::Before),
    ] {
        let (data, world) = (Data::memory(), World::default().script("pay", &[Act::Wait; 3]));
        let store = data.open();
        let plan = store.plan();
        let orchestrator = builder(store, &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        let bad = start(&orchestrator, "bad").await;
        let stops = tokio::spawn(async move { bad.outcome().await });
        let good = [start(&orchestrator, "order-1").await, start(&orchestrator, "order-2").await];
        soon(world.called("pay", 3)).await;
        // What the three of them write next is one batch, which gathers while another is held back.
        plan.hold();
        let mut another = std::pin::pin!(orchestrator.start::<Shop>("order-3", order(1)));
        assert!(poll_times(another.as_mut(), 10).await.is_none());
        plan.fail(plan.commits() + 1, &[moment]);
        plan.damage(kind, &["bad"]);
        world.open();
        tokio::time::sleep(Duration::from_millis(1)).await;
        plan.release();
        for good in &good {
            let outcome = soon(good.outcome()).await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{kind:?}: {outcome:?}");
        }
        let another = soon(another).await.unwrap();
        assert!(matches!(soon(another.outcome()).await.unwrap(), Outcome::Completed(_)));
        assert_eq!(plan.batches().iter().map(|batch| batch.entries).max(), Some(3), "it was one batch");
        // Nothing more is written to it, and it goes on once it can be read.
        let stopped = soon(stops).await.unwrap();
        assert!(matches!(stopped, Err(Error::Stopped { .. })), "{kind:?}: {stopped:?}");
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(orchestrator.handle::<Shop>("bad").try_outcome().await.unwrap(), None);
        plan.damage(kind, &[]);
        let outcome = soon(orchestrator.handle::<Shop>("bad").outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{kind:?}: {outcome:?}");
        assert_eq!(world.in_force().len(), 4 * 5, "{kind:?}");
        orchestrator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i18_an_instance_that_cannot_be_written_holds_up_no_other() {
    const NOT_HELD_UP: Duration = Duration::from_secs(1);
    for kind in [StoreErrorKind::Corrupt, StoreErrorKind::Io] {
        let (data, world) = (Data::memory(), World::default().script("pay", &[Act::Wait; 2]));
        let store = data.open();
        let plan = store.plan();
        let orchestrator = open(store, &world).await;
        let bad = start(&orchestrator, "bad").await;
        let good = start(&orchestrator, "order-1").await;
        soon(world.called("pay", 2)).await;
        // What both write next is one batch, and what is left of that is one instance's.
        plan.refuse_writes(kind, &["bad"]);
        world.open();
        let since = tokio::time::Instant::now();
        assert!(matches!(soon(good.outcome()).await.unwrap(), Outcome::Completed(_)), "{kind:?}");
        assert!(since.elapsed() < NOT_HELD_UP, "{kind:?}: {:?}", since.elapsed());
        for pause in [100, 2_000, 30_000] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let since = tokio::time::Instant::now();
            // That it is there already is told before the other write of its batch has come to anything.
            let again = start(&orchestrator, "order-1").await;
            assert!(matches!(soon(again.outcome()).await.unwrap(), Outcome::Completed(_)), "{kind:?}");
            let good = start(&orchestrator, &format!("order-{pause}")).await;
            assert!(matches!(soon(good.outcome()).await.unwrap(), Outcome::Completed(_)), "{kind:?}");
            assert!(since.elapsed() < NOT_HELD_UP, "{kind:?}: {:?}", since.elapsed());
        }
        assert_eq!(orchestrator.handle::<Shop>("bad").try_outcome().await.unwrap(), None);
        assert!(plan.reopened() < 200, "{kind:?}: it is left alone for no time");
        plan.refuse_writes(kind, &[]);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let outcome = soon(orchestrator.handle::<Shop>("bad").outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{kind:?}: {outcome:?}");
        assert_eq!(world.in_force().len(), 5 * 5, "{kind:?}");
        drop(bad);
        orchestrator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i18_an_instance_on_a_damaged_page_holds_up_no_other() {
    const ORDERS: [&str; 4] = ["order-1", "order-2", "order-3", "order-4"];
    for kind in [StoreErrorKind::Corrupt, StoreErrorKind::Io] {
        for damaged in [&ORDERS[..1], &ORDERS[1..3], &ORDERS[3..], &ORDERS[..]] {
            recover_around(kind, &ORDERS, damaged).await;
        }
    }
}

/// Recovers `orders` while some of them cannot be read, then those too.
async fn recover_around(kind: StoreErrorKind, orders: &[&str], damaged: &[&str]) {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::Hang; 4]);
    let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
    for id in orders {
        start(&orchestrator, id).await;
    }
    world.called("pay", orders.len()).await;
    orchestrator.shutdown().await;

    let store = data.open();
    let plan = store.plan();
    plan.damage(kind, damaged);
    let orchestrator = open(store, &world).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(world.count("ship"), orders.len() - damaged.len(), "{kind:?}: {damaged:?}");
    let outcome = soon(start(&orchestrator, "new").await.outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert!(plan.loads() < 1_000, "{kind:?}: {damaged:?} are left alone for no time");
    // The page is restored.
    plan.damage(kind, &[]);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(world.count("ship"), orders.len() + 1, "{kind:?}: {damaged:?}");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn reading_fails_and_recovery_tries_again() {
    let data = Data::memory();
    let world = World::default().script("pay", &[Act::Hang]);
    let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
    start(&orchestrator, "order-1").await;
    world.called("pay", 1).await;
    orchestrator.shutdown().await;

    let store = data.open();
    let plan = store.plan();
    plan.break_down();
    let orchestrator = open(store, &world).await;
    let handle = orchestrator.handle::<Shop>("order-1");
    assert!(matches!(handle.outcome().await.unwrap_err(), Error::Store(_)));
    assert!(matches!(handle.status().await.unwrap_err(), Error::Store(_)));
    tokio::time::sleep(Duration::from_secs(60)).await;
    plan.mend();
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}
