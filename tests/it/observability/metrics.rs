//! What is counted and measured, told to the recorder that was there when the orchestrator was built.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::set_default_local_recorder;
use sagas::journal::InstanceState;
use sagas::metrics::{ALL, Metric};
use sagas::prelude::*;

use super::recorder::Kept;
use crate::support::data::{Data, on_both};
use crate::support::probe::Moment;
use crate::support::shop::{Shop, order};
use crate::support::world::{Act, World};
use crate::support::{builder, open, retry, soon, start};

/// Runs a test on both kinds of store, with a recorder.
fn recorded_on_both(test: impl AsyncFn(&Data, &Kept)) {
    for data in Data::both() {
        let kept = Kept::default();
        let _here = set_default_local_recorder(&kept);
        data.runtime().block_on(soon(test(&data, &kept)));
    }
}

/// The attempts that were counted, as `step method result`, with how many they were.
fn attempts(kept: &Kept) -> BTreeMap<String, usize> {
    let counted =
        kept.counts("sagas_attempts_total").into_iter().filter(|(series, _)| series.contains("saga=shop"));
    let short = |series: String| {
        let values = series.trim_matches(['{', '}']).split(',').skip(1);
        let values: Vec<_> = values.filter_map(|label| label.split('=').nth(1)).collect();
        values.join(" ")
    };
    counted.map(|(series, count)| (short(series), count)).collect()
}

/// The same, to be compared with.
fn expected<const N: usize>(attempts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    attempts.into_iter().map(|(attempt, count)| (attempt.to_owned(), count)).collect()
}

#[test]
fn each_metric_is_described_once_per_build() {
    recorded_on_both(async |data, kept| {
        open(data.open(), &World::default()).await.shutdown().await;
        let told: Vec<_> = kept.described();
        assert_eq!(told.len(), ALL.len());
        for (metric, told) in ALL.iter().zip(told) {
            assert_eq!((told.name.as_str(), told.kind), (metric.name, &*metric.kind.to_string()));
            assert_eq!(told.unit.map(|unit| unit.as_str()), Some(&*metric.unit.to_string()));
            assert_eq!(told.meaning, metric.meaning);
        }
    });
}

#[test]
fn an_order_that_completes_is_counted() {
    recorded_on_both(async |data, kept| {
        let orchestrator = open(data.open(), &World::default()).await;
        for id in ["order-1", "order-2"] {
            assert!(matches!(start(&orchestrator, id).await.outcome().await, Ok(Outcome::Completed(_))));
        }
        // Started before: it is not started again.
        start(&orchestrator, "order-1").await;
        orchestrator.shutdown().await;
        assert_eq!(kept.count("sagas_instances_started_total{saga=shop}"), 2.0);
        assert_eq!(kept.count("sagas_instances_completed_total{saga=shop}"), 2.0);
        assert_eq!(kept.count("sagas_instances_compensated_total{saga=shop}"), 0.0);
        assert_eq!(kept.count("sagas_instances_started_total{saga=forks}"), 0.0, "the other saga's");
        let twice =
            ["create_order", "reserve", "pay", "ship", "notify"].map(|step| format!("{step} step succeeded"));
        assert_eq!(attempts(kept), twice.into_iter().map(|attempt| (attempt, 2)).collect());
        let durations = kept.values("sagas_attempt_duration_seconds{saga=shop,step=pay,method=step}");
        assert_eq!(durations.len(), 2);
    });
}

#[test]
fn each_way_that_an_attempt_ends_is_counted() {
    recorded_on_both(async |data, kept| {
        let world = World::default()
            .script("create_order", &[Act::NotDone])
            .script("reserve", &[Act::LoseAnswer])
            .script("pay", &[Act::Panic])
            .script("pay/check", &[Act::NotDone, Act::LoseAnswer])
            .script("ship", &[Act::Reject])
            .script("reserve/compensate", &[Act::NotDone]);
        let orchestrator = open(data.open(), &world).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await;
        assert!(matches!(outcome, Ok(Outcome::Compensated(_))), "{outcome:?}");
        orchestrator.shutdown().await;
        let ends = [
            ("create_order step not_done", 1),
            ("create_order step succeeded", 1),
            ("reserve step in_doubt", 1),
            ("reserve step succeeded", 1),
            ("pay step in_doubt", 1),
            // The service does not know, then it does not answer, then it finds the payment.
            ("pay check in_doubt", 2),
            ("pay check succeeded", 1),
            ("ship step rejected", 1),
            ("pay compensation succeeded", 1),
            ("reserve compensation not_done", 1),
            ("reserve compensation succeeded", 1),
            ("create_order compensation succeeded", 1),
        ];
        assert_eq!(attempts(kept), expected(ends));
        assert_eq!(kept.count("sagas_instances_compensated_total{saga=shop}"), 1.0);
        assert_eq!(kept.count("sagas_instances_completed_total{saga=shop}"), 0.0);
    });
}

#[test]
fn a_timeout_takes_as_long_as_it_takes() {
    let data = Data::memory();
    let kept = Kept::default();
    let _here = set_default_local_recorder(&kept);
    data.runtime().block_on(soon(async {
        let orchestrator = open(data.open(), &World::default().script("reserve", &[Act::Hang])).await;
        let _ended = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
    }));
    let mut durations = kept.values("sagas_attempt_duration_seconds{saga=shop,step=reserve,method=step}");
    durations.iter_mut().for_each(|duration| *duration = duration.floor());
    assert_eq!(durations, [5.0, 0.0], "the time of the step's own policy, simulated");
}

#[test]
fn parking_is_counted_each_time_by_its_reason() {
    recorded_on_both(async |data, kept| {
        let world = World::default().script("notify", &[Act::Reject, Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        assert!(matches!(handle.outcome().await, Ok(Outcome::Parked(_))));
        orchestrator.resolve("order-1", retry()).await.unwrap();
        while handle.try_outcome().await.unwrap().is_none() || world.count("notify") < 2 {
            tokio::task::yield_now().await;
        }
        // The store shows it a moment before it is counted.
        orchestrator.shutdown().await;
        assert_eq!(kept.count("sagas_instances_parked_total{saga=shop,reason=refused}"), 2.0);

        // Another life finds it parked, and does not count that again.
        let orchestrator = open(data.open(), &world).await;
        assert!(matches!(orchestrator.handle::<Shop>("order-1").outcome().await, Ok(Outcome::Parked(_))));
        assert_eq!(kept.count("sagas_instances_parked_total{saga=shop,reason=refused}"), 2.0);
        orchestrator.resolve("order-1", retry()).await.unwrap();
        assert!(matches!(orchestrator.handle::<Shop>("order-1").outcome().await, Ok(Outcome::Completed(_))));
        orchestrator.shutdown().await;
        assert_eq!(kept.count("sagas_instances_parked_total{saga=shop,reason=refused}"), 2.0);
        assert_eq!(kept.count("sagas_instances_completed_total{saga=shop}"), 1.0);
        assert_eq!(kept.count("sagas_instances_started_total{saga=shop}"), 1.0, "in the first life");
    });
}

#[test]
fn what_a_shutdown_cut_off_is_counted_as_lost_by_who_finds_it() {
    recorded_on_both(async |data, kept| {
        let world = World::default().script("reserve", &[Act::Hang]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        start(&orchestrator, "order-1").await;
        world.called("reserve", 1).await;
        orchestrator.shutdown().await;
        assert_eq!(attempts(kept), expected([("create_order step succeeded", 1)]));

        let orchestrator = open(data.open(), &world).await;
        let _ended = orchestrator.handle::<Shop>("order-1").outcome().await.unwrap();
        orchestrator.shutdown().await;
        let ends = attempts(kept);
        assert_eq!(ends.get("reserve step lost"), Some(&1), "{ends:?}");
        assert_eq!(ends.get("reserve step succeeded"), Some(&1), "{ends:?}");
        assert_eq!(kept.count("sagas_instances_started_total{saga=shop}"), 1.0);
        assert_eq!(kept.count("sagas_instances_completed_total{saga=shop}"), 1.0);
    });
}

#[test]
fn checks_and_compensations_can_be_lost_too() {
    recorded_on_both(async |data, kept| {
        let world = World::default()
            .script("pay", &[Act::LoseAnswer])
            .script("pay/check", &[Act::Hang])
            .script("ship", &[Act::Reject])
            .script("reserve/compensate", &[Act::Hang]);
        for hangs in ["pay/check", "reserve/compensate"] {
            let orchestrator =
                builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
            start(&orchestrator, "order-1").await;
            world.called(hangs, 1).await;
            orchestrator.shutdown().await;
        }
        let orchestrator = open(data.open(), &world).await;
        let _ended = orchestrator.handle::<Shop>("order-1").outcome().await.unwrap();
        orchestrator.shutdown().await;
        let ends = attempts(kept);
        for lost in ["pay check lost", "reserve compensation lost"] {
            assert_eq!(ends.get(lost), Some(&1), "{lost}: {ends:?}");
        }
        assert_eq!(ends.keys().filter(|end| end.ends_with("lost")).count(), 2, "{ends:?}");
    });
}

#[test]
fn a_store_that_does_not_count_holds_up_neither_work_nor_shutdown() {
    recorded_on_both(async |data, kept| {
        let store = data.open();
        store.plan().never_count();
        let orchestrator = open(store, &World::default()).await;
        let outcome = start(&orchestrator, "order-1").await.outcome().await;
        assert!(matches!(outcome, Ok(Outcome::Completed(_))));
        orchestrator.shutdown().await;
        assert_eq!(kept.last("sagas_instances{state=running}"), None);
        assert_eq!(
            kept.last("sagas_instances_in_memory"),
            Some(0.0),
            "who waits for the store has ended too"
        );
        // The store is free: nobody has kept it.
        open(data.open(), &World::default()).await.shutdown().await;
    });
}

#[test]
fn each_commit_is_measured() {
    recorded_on_both(async |data, kept| {
        let store = data.open();
        let plan = store.plan();
        plan.fail(2, &[Moment::Before]);
        let orchestrator = open(store, &World::default()).await;
        let _ended = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(kept.count("sagas_commits_failed_total"), 1.0);
        // The one that failed, and the one that made up for it, are no measure of what a commit takes.
        let batches = plan.batches();
        let worked = batches.iter().enumerate().filter(|(number, _)| ![1, 2].contains(number));
        let (entries, bytes): (Vec<_>, Vec<_>) = worked
            .map(|(_, batch)| (batch.entries, batch.bytes))
            .map(|(entries, bytes)| (as_recorded(entries), as_recorded(bytes)))
            .unzip();
        assert!(entries.len() > 3 && bytes.iter().all(|bytes| *bytes > 0.0), "{batches:?}");
        assert_eq!(kept.values("sagas_commit_entries"), entries);
        assert_eq!(kept.values("sagas_commit_bytes"), bytes);
        assert_eq!(kept.values("sagas_commit_duration_seconds").len(), entries.len());
    });
}

#[test]
fn orders_produce_each_metric() {
    recorded_on_both(async |data, kept| {
        let world =
            World::default().script("ship@refused", &[Act::Reject]).script("notify@parked", &[Act::Reject]);
        let store = data.open();
        store.plan().fail(2, &[Moment::Before]);
        let orchestrator = open(store, &world).await;
        for id in ["completed", "refused", "parked"] {
            let _ended = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
        for metric in ALL {
            assert!(!kept.counts(metric.name).is_empty(), "{} has no value", metric.name);
        }
    });
}

fn as_recorded(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[test]
fn the_gauges_show_what_is_unfinished() {
    let data = Data::memory();
    let kept = Kept::default();
    let _here = set_default_local_recorder(&kept);
    data.runtime().block_on(soon(async {
        let world = World::default()
            .script("notify@parked", &[Act::Reject])
            .script("notify@waiting", &[Act::Wait; 10]);
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        assert!(matches!(start(&orchestrator, "parked").await.outcome().await, Ok(Outcome::Parked(_))));
        let waiting = start(&orchestrator, "waiting").await;
        world.called("notify", 2).await;
        let queued = start(&orchestrator, "queued").await;
        tokio::time::sleep(Duration::from_secs(16)).await;
        let state = |state: InstanceState| kept.last(&format!("sagas_instances{{state={state}}}"));
        assert_eq!(state(InstanceState::Running), Some(2.0));
        assert_eq!(state(InstanceState::Parked), Some(1.0));
        assert_eq!(state(InstanceState::Compensating), Some(0.0));
        assert_eq!(state(InstanceState::Unreadable), Some(0.0));
        assert_eq!(kept.last("sagas_instances_needing_attention"), Some(0.0));
        assert_eq!(kept.last("sagas_instances_queued"), Some(1.0));
        assert_eq!(kept.last("sagas_instances_in_memory"), Some(1.0));
        let age = kept.last("sagas_oldest_unfinished_age_seconds").unwrap();
        assert!((10.0..16.0).contains(&age), "{age}");

        world.open();
        let _ended = waiting.outcome().await.unwrap();
        let _ended = queued.outcome().await.unwrap();
        orchestrator.resolve("parked", retry()).await.unwrap();
        let _ended = orchestrator.handle::<Shop>("parked").outcome().await.unwrap();
        tokio::time::sleep(Duration::from_secs(16)).await;
        assert_eq!(state(InstanceState::Running), Some(0.0));
        assert_eq!(state(InstanceState::Parked), Some(0.0));
        assert_eq!(kept.last("sagas_oldest_unfinished_age_seconds"), Some(0.0), "there is none");
        assert_eq!(kept.last("sagas_instances_in_memory"), Some(0.0));
        orchestrator.shutdown().await;
    }));
}

#[test]
fn the_gauges_count_what_needs_attention() {
    let data = Data::memory();
    let kept = Kept::default();
    let _here = set_default_local_recorder(&kept);
    data.runtime().block_on(soon(async {
        let world = World::default().script("notify", &[Act::NotDone; 1_000]);
        let orchestrator = open(data.open(), &world).await;
        start(&orchestrator, "order-1").await;
        world.called("notify", 20).await;
        tokio::time::sleep(Duration::from_secs(16)).await;
        assert_eq!(kept.last("sagas_instances_needing_attention"), Some(1.0));
        orchestrator.shutdown().await;
    }));
}

#[test]
fn i27_labels_are_those_of_the_table_and_hold_no_id() {
    recorded_on_both(async |data, kept| {
        let world = World::default().script("ship@order-7", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let before = kept.series();
        for number in 1..=9 {
            let id = format!("order-{number}");
            let _ended =
                orchestrator.start::<Shop>(id, order(number)).await.unwrap().outcome().await.unwrap();
        }
        orchestrator.shutdown().await;
        assert_eq!(kept.series(), before, "all series are there from the start, whatever comes");
        for series in before {
            let (name, labels) = series.split_once('{').unwrap_or((&series, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            let labels: Vec<_> = labels.map(|label| label.split('=').next().unwrap()).collect();
            let metric: &Metric = ALL.iter().find(|metric| metric.name == name).expect(name);
            assert_eq!(labels, metric.labels, "{series}");
            assert!(!series.contains("order-"), "{series}");
        }
    });
}

#[test]
fn a_recorder_that_comes_after_the_build_gets_nothing() {
    on_both(async |data| {
        let orchestrator = open(data.open(), &World::default()).await;
        let kept = Kept::default();
        let _here = set_default_local_recorder(&kept);
        let _ended = start(&orchestrator, "order-1").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(kept.series(), Vec::<String>::new());
    });
}
