//! The report of an instance: what is kept of it, for a person to read.

use std::time::{Duration, SystemTime};

use sagas::prelude::*;
use sagas::report::{AttemptResult, Happened, Method};
use sagas::{Clock, Error, Filter, InstanceState};
use tokio::time::Instant;

use super::desk::{Desk, builder, start};
use super::scenes::ID;
use crate::support;
use crate::support::data::{Data, on_both};
use crate::support::retry;
use crate::support::shop::{Order, Shop};
use crate::support::world::{Act, World};
use crate::waiting::family::{self, Kit};
use crate::waiting::in_time;

/// A clock that begins in the first second of 2026, and goes on as tokio's does.
struct NewYear(Instant);

impl Clock for NewYear {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600) + self.0.elapsed()
    }
}

#[test]
fn a_report_reads_like_what_one_pastes_into_an_incident() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default()
            .script("take", &[Act::NotDone])
            .script("hold", &[Act::Wait])
            .script("grant", &[Act::LoseAnswer])
            .script("hold/compensate", &[Act::Reject]);
        let clock = NewYear(Instant::now());
        let orchestrator = builder(data.open(), &world).clock(clock).build().await.unwrap();
        let by_mara = orchestrator.acting_as("mara");
        let handle = start(&orchestrator, ID).await;
        while world.count("hold") == 0 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        tokio::time::sleep(Duration::from_millis(2_250)).await;
        world.open();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        tokio::time::sleep(Duration::from_secs(90)).await;
        by_mara.handle::<Desk>(ID).cancel("the customer\ncalled").await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        tokio::time::sleep(Duration::from_secs(2 * 86_400 + 3_600)).await;
        let shown = orchestrator.inspect(ID).await.unwrap().to_string();
        assert_eq!(shown, PARKED, "{shown}");
        by_mara.resolve(ID, retry()).await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        let shown = orchestrator.inspect(ID).await.unwrap().to_string();
        assert!(shown.ends_with(END), "{shown}");
        orchestrator.shutdown().await;
    }));
}

const PARKED: &str = "\
instance it-1 of desk, version 1
  state      parked for 2 d 1 h
  parked     hold: refused, attempts: 1: hold/compensate refused
  started    2026-01-01 00:00:00.000
  journal    9 entries
  inspected  2026-01-03 01:44:32.250

timeline (UTC)
  2026-01-01 00:00:00.000           -      started
  2026-01-01 00:00:00.000     0 ms  take   attempt 1 did nothing: take is down; next in 42 min 24 s
  2026-01-01 00:42:24.802     0 ms  take   attempt 2 succeeded
  2026-01-01 00:42:24.802  37.44 s  hold   attempt 1 succeeded
  2026-01-01 00:43:02.250     0 ms  grant  attempt 1 in doubt: grant did not answer
  2026-01-01 00:43:02.250           grant  parked: in doubt
  2026-01-01 00:44:32.250           -      compensates, cancelled by mara: the customer called
  2026-01-01 00:44:32.250     0 ms  grant  compensation 1 succeeded
  2026-01-01 00:44:32.250     0 ms  hold   compensation 1 was refused: hold/compensate refused
  2026-01-01 00:44:32.250           hold   parked: refused
";

const END: &str = "
  2026-01-01 00:44:32.250           hold   parked: refused
  2026-01-03 01:44:32.250           hold   resolved by mara, to be tried again: the service is back
  2026-01-03 01:44:32.250     0 ms  hold   compensation 2 succeeded
  2026-01-03 01:44:32.250     0 ms  take   compensation 1 succeeded
  2026-01-03 01:44:32.250           -      compensated
";

#[test]
fn a_report_has_every_entry_and_no_payload_in_sight() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject]);
        let orchestrator = support::open(data.open(), &world).await;
        let order = Order { number: 1, note: "the secret of the order".to_owned() };
        let handle = orchestrator.start::<Shop>(ID, order).await.unwrap();
        let _ = handle.outcome().await.unwrap();
        let report = orchestrator.inspect(ID).await.unwrap();
        assert_eq!((report.id.as_str(), &*report.saga, report.version), (ID, "shop", 1));
        assert_eq!((report.state, report.reason), (InstanceState::Parked, Some(ParkReason::Refused)));
        let numbers: Vec<_> = report.journal.iter().map(|entry| entry.seq.get()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert!(report.journal.iter().all(|entry| entry.events.is_ok()));
        for text in [report.to_string(), format!("{report:?}")] {
            assert!(!text.contains("the secret"), "{text}");
        }
        let calls: Vec<_> = report
            .timeline
            .iter()
            .filter_map(|happening| match &happening.what {
                Happened::Called { method: Method::Step, attempt, ending } => {
                    Some((happening.step.as_ref()?.as_str(), *attempt, ending.as_ref()?.result))
                }
                _ => None,
            })
            .collect();
        let ok = AttemptResult::Succeeded;
        assert_eq!(
            calls,
            [
                ("create_order", 1, ok),
                ("reserve", 1, ok),
                ("pay", 1, ok),
                ("ship", 1, ok),
                ("notify", 1, AttemptResult::Rejected)
            ]
        );
        assert!(report.timeline.iter().filter(|of| of.step.is_some()).count() > calls.len(), "it parked");
        for id in ["nobody", "", "a\nb"] {
            let error = orchestrator.inspect(id).await.unwrap_err();
            assert!(matches!(&error, Error::NotFound { id: of } if of == id), "{error:?}");
        }
        orchestrator.shutdown().await;
        let error = orchestrator.inspect(ID).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
    });
}

#[test]
fn i24_what_cannot_be_read_is_reported_with_what_stands_there() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Hang]);
        let open = async |damaged: bool| {
            let store = data.open();
            if damaged {
                store.plan().on_load(|stored| stored.entries[1].events = "[{\"secret\": 1}]".to_owned());
            }
            builder(store, &world).shutdown_grace(Duration::ZERO).build().await.unwrap()
        };
        let orchestrator = open(false).await;
        start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        orchestrator.shutdown().await;
        let orchestrator = open(true).await;
        while orchestrator.inspect(ID).await.unwrap().state != InstanceState::Unreadable {
            tokio::task::yield_now().await;
        }
        let report = orchestrator.inspect(ID).await.unwrap();
        let unread = report.journal[1].events.as_ref().unwrap_err();
        assert_eq!((unread.text.as_str(), unread.format), ("[{\"secret\": 1}]", 1));
        assert!(report.journal[0].events.is_ok());
        let shown = report.to_string();
        assert!(shown.contains("entry 2, 15 bytes in format 1: malformed"), "{shown}");
        assert!(!format!("{shown}{report:?}").contains("secret"));
        let page = orchestrator.instances(Filter::new().state(InstanceState::Unreadable)).await.unwrap();
        assert_eq!(page.items.len(), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_lost_attempt_has_no_end_that_anybody_knows() {
    on_both(async |data| {
        let world = World::default().script("take", &[Act::Hang]);
        let build =
            async || builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        let orchestrator = build().await;
        start(&orchestrator, ID).await;
        world.called("take", 1).await;
        let running = orchestrator.inspect(ID).await.unwrap();
        assert!(matches!(running.timeline[1].what, Happened::Called { ending: None, .. }));
        assert_eq!(running.timeline[1].duration(), None);
        orchestrator.shutdown().await;
        let orchestrator = build().await;
        assert!(matches!(orchestrator.handle::<Desk>(ID).outcome().await.unwrap(), Outcome::Completed(_)));
        let report = orchestrator.inspect(ID).await.unwrap();
        let Happened::Called { ending: Some(ending), attempt: 1, .. } = &report.timeline[1].what else {
            panic!("{report:?}")
        };
        assert_eq!((ending.at, ending.result), (None, AttemptResult::Lost));
        assert!(report.timeline[2].duration().is_some(), "the second one has an end");
        assert!(report.journal.iter().any(|entry| entry.epoch != report.journal[0].epoch));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_child_is_reported_with_its_parent() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = family::open(data.open(), &world).await;
        let kit = orchestrator.start::<Kit>("kit-1", 1).await.unwrap();
        let _ = kit.outcome().await.unwrap();
        let report = orchestrator.inspect("kit-1/part").await.unwrap();
        assert_eq!(report.parent.as_ref().map(|id| id.as_str()), Some("kit-1"));
        assert!(report.to_string().contains("parent     kit-1"), "{report}");
        orchestrator.shutdown().await;
    });
}
