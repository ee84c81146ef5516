//! Lists of instances, in pages.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use sagas::prelude::*;
use sagas::{Cursor, DEFAULT_PAGE_LIMIT, Error, Filter, InstanceState, PAGE_LIMIT_MAX};

use super::desk::{self, open, start};
use crate::support;
use crate::support::data::on_both;
use crate::support::world::{Act, World};

/// The ids of all pages, by way of a text, as a client of a service would.
async fn all(orchestrator: &Orchestrator, filter: Filter) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut filter = filter.clone();
        if let Some(cursor) = &cursor {
            filter = filter.after(cursor.parse::<Cursor>().unwrap());
        }
        let page = orchestrator.instances(filter).await.unwrap();
        ids.extend(page.items.iter().map(|item| item.id.to_string()));
        match page.next {
            Some(next) => cursor = Some(next.to_string()),
            None => return ids,
        }
    }
}

#[test]
fn pages_show_each_instance_once_in_the_order_of_creation() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Wait; 25]);
        let orchestrator = open(data.open(), &world).await;
        let mut ids = Vec::new();
        for number in 0..25 {
            let id = format!("it-{number}");
            start(&orchestrator, &id).await;
            ids.push(id);
        }
        for limit in [1, 2, 7, 24, 25, 26] {
            assert_eq!(all(&orchestrator, Filter::new().limit(limit)).await, ids, "{limit} a page");
        }
        let page = orchestrator.instances(Filter::new().limit(0)).await.unwrap();
        assert_eq!(page.items.len(), 1, "a page of nothing would lead nowhere");
        let page = orchestrator.instances(Filter::new().limit(25)).await.unwrap();
        assert_eq!(page.next, None, "there is no more");

        // What comes and goes meanwhile shifts nothing.
        let page = orchestrator.instances(Filter::new().limit(10)).await.unwrap();
        let cursor = page.next.unwrap();
        world.open();
        for id in &ids[..20] {
            let _ = orchestrator.handle::<desk::Desk>(id.as_str()).outcome().await.unwrap();
        }
        orchestrator.purge(Filter::new().id_prefix("it-1")).await.unwrap();
        start(&orchestrator, "new").await;
        let rest = all(&orchestrator, Filter::new().after(cursor)).await;
        let expected: Vec<_> = ids[20..].iter().cloned().chain(["new".to_owned()]).collect();
        assert_eq!(rest, expected);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_page_has_as_many_as_is_said_and_never_more_than_may_be() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = desk::builder(data.open(), &world).max_active(1).build().await.unwrap();
        let count = DEFAULT_PAGE_LIMIT + 1;
        for number in 0..count {
            start(&orchestrator, &format!("it-{number}")).await;
        }
        let page = orchestrator.instances(Filter::new()).await.unwrap();
        assert_eq!(page.items.len(), DEFAULT_PAGE_LIMIT);
        let rest = orchestrator.instances(Filter::new().after(page.next.unwrap())).await.unwrap();
        assert_eq!((rest.items.len(), rest.next), (1, None));
        let most = orchestrator.instances(Filter::new().limit(PAGE_LIMIT_MAX + 1)).await.unwrap();
        assert_eq!(most.items.len(), count);
        orchestrator.shutdown().await;
    });
}

#[test]
fn every_part_of_a_filter_counts() {
    on_both(async |data| {
        let world = World::default()
            .script("notify@shop-refused", &[Act::Reject])
            .script("grant@desk-doubt", &[Act::LoseAnswer])
            .script("grant@desk-refused", &[Act::Reject])
            .script("hold@desk-runs", &[Act::Wait])
            .script("grant@desk-back", &[Act::Reject])
            .script("hold/compensate@desk-back", &[Act::Wait]);
        let builder = support::builder(data.open(), &world);
        let orchestrator = desk::register(builder, &world).build().await.unwrap();
        for id in ["shop-refused", "shop-done"] {
            let _ = support::start(&orchestrator, id).await.outcome().await.unwrap();
        }
        for id in ["desk-doubt", "desk-refused", "desk-done"] {
            let _ = start(&orchestrator, id).await.outcome().await.unwrap();
        }
        for id in ["desk-runs", "desk-back"] {
            start(&orchestrator, id).await;
        }
        world.called("hold/compensate", 2).await;
        let new = Filter::new;
        let long_ago = SystemTime::UNIX_EPOCH;
        let far = SystemTime::now() + Duration::from_secs(1_000_000);
        let day = Duration::from_secs(86_400);
        let cases: [(Filter, &[&str]); 16] = [
            (new().saga("shop"), &["shop-done", "shop-refused"]),
            (new().saga("sho"), &[]),
            (new().state(InstanceState::Parked), &["desk-doubt", "shop-refused"]),
            (new().state(InstanceState::Running), &["desk-runs"]),
            (new().state(InstanceState::Compensating), &["desk-back"]),
            (new().state(InstanceState::Completed), &["desk-done", "shop-done"]),
            (new().state(InstanceState::Compensated), &["desk-refused"]),
            (new().step("notify"), &["shop-refused"]),
            (new().reason(ParkReason::InDoubt), &["desk-doubt"]),
            (new().step("notify").reason(ParkReason::InDoubt), &[]),
            (new().id_prefix("desk-d"), &["desk-done", "desk-doubt"]),
            (new().id_prefix("desk_d"), &[]),
            (new().parked_before(far), &["desk-doubt", "shop-refused"]),
            (new().parked_before(long_ago), &[]),
            (new().older_than(day), &[]),
            (new().needs_attention(true), &[]),
        ];
        for (filter, expected) in cases {
            let found: BTreeSet<_> = all(&orchestrator, filter.clone()).await.into_iter().collect();
            let expected: BTreeSet<_> = expected.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        assert_eq!(all(&orchestrator, new().older_than(Duration::ZERO)).await.len(), 7);
        let summary = &orchestrator.instances(new().id_prefix("shop-refused")).await.unwrap().items[0];
        assert_eq!(summary.to_string(), "shop-refused of shop version 1: parked at notify (refused)");
        assert_eq!((summary.attempts, summary.unregistered), (1, false));
        world.open();
        orchestrator.shutdown().await;
        let error = orchestrator.instances(new()).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
    });
}

#[test]
fn i23_what_is_not_registered_is_shown_and_left_alone() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Hang]);
        let builder = desk::builder(data.open(), &world).shutdown_grace(Duration::ZERO);
        let orchestrator = builder.build().await.unwrap();
        start(&orchestrator, "it-1").await;
        world.called("hold", 1).await;
        orchestrator.shutdown().await;
        let entries = data.stored("it-1").await.unwrap().entries;
        let orchestrator = support::open(data.open(), &world).await;
        let _ = support::start(&orchestrator, "order-1").await.outcome().await.unwrap();
        let page = orchestrator.instances(Filter::new()).await.unwrap();
        let shown: Vec<_> = page.items.iter().map(|item| (item.id.as_str(), item.unregistered)).collect();
        assert_eq!(shown, [("it-1", true), ("order-1", false)]);
        assert_eq!(page.items[0].to_string(), "it-1 of desk version 1: running, not registered");
        let report = orchestrator.inspect("it-1").await.unwrap();
        assert!(report.unregistered);
        assert!(report.to_string().contains("to be registered"), "{report}");
        orchestrator.shutdown().await;
        assert_eq!(data.stored("it-1").await.unwrap().entries, entries);
    });
}
