//! Instances on damaged pages: they hold up nobody, and go on once they can be read.

use std::time::Duration;

use sagas::StepState;
use sagas::prelude::*;
use sagas::store::StoreErrorKind;

use crate::support::data::Data;
use crate::support::world::{Act, World};
use crate::support::{builder, soon, start};
use crate::waiting::loan::stands;
use crate::waiting::reminder::{self, Reminder};

const KINDS: [StoreErrorKind; 2] = [StoreErrorKind::Corrupt, StoreErrorKind::Io];
const IDS: [&str; 4] = ["it-1", "it-2", "it-3", "it-4"];

/// Which of them are on a damaged page.
fn damages() -> [&'static [&'static str]; 3] {
    [&IDS[..1], &IDS[1..3], &IDS[3..]]
}

/// More loads than it takes to try a few instances again once a second for two minutes.
const LOADS_MAX: usize = 1_000;

/// More loads than it takes to drive a few instances without trying one again.
const LOADS_AT_ONCE_MAX: usize = 50;

/// How often others may run before something that goes round in circles would have shown.
const ROUNDS: usize = 500;

#[tokio::test(start_paused = true)]
async fn i18_an_instance_on_a_damaged_page_holds_up_no_other_whose_time_has_come() {
    for (kind, damaged) in KINDS.into_iter().flat_map(|kind| damages().map(|damaged| (kind, damaged))) {
        let (what, world) = (format!("{kind:?}: {damaged:?}"), World::default());
        let store = Data::memory().open();
        let plan = store.plan();
        let orchestrator = reminder::register(Orchestrator::builder(store), &world).build().await.unwrap();
        for id in IDS {
            let reminder = orchestrator.start::<Reminder>(id, ()).await.unwrap();
            stands(&reminder, 2, StepState::Waiting).await;
        }
        plan.damage(kind, damaged);
        let before = plan.loads();
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(world.count("look"), IDS.len() - damaged.len(), "{what}");
        assert!(plan.loads() - before < LOADS_MAX, "{what}: left alone for no time");
        plan.damage(kind, &[]);
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(world.count("look"), IDS.len(), "{what}: it is tried again");
        orchestrator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i18_an_instance_on_a_damaged_page_holds_up_no_other_in_the_queue() {
    for (kind, damaged) in KINDS.into_iter().flat_map(|kind| damages().map(|damaged| (kind, damaged))) {
        let what = format!("{kind:?}: {damaged:?}");
        let world = World::default().script("create_order@first", &[Act::Wait]);
        let store = Data::memory().open();
        let plan = store.plan();
        let orchestrator = builder(store, &world).max_active(1).build().await.unwrap();
        let first = start(&orchestrator, "first").await;
        for id in IDS {
            start(&orchestrator, id).await;
        }
        world.called("create_order", 1).await;
        plan.damage(kind, damaged);
        let before = plan.loads();
        world.open();
        assert!(matches!(soon(first.outcome()).await.unwrap(), Outcome::Completed(_)), "{what}");
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
        let loads = plan.loads() - before;
        assert!(loads < LOADS_AT_ONCE_MAX, "{what}: read {loads} times in no time");
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(world.count("notify"), 1 + IDS.len() - damaged.len(), "{what}");
        assert!(plan.loads() - before < LOADS_MAX, "{what}: left alone for no time");
        plan.damage(kind, &[]);
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(world.count("notify"), 1 + IDS.len(), "{what}: it is tried again");
        orchestrator.shutdown().await;
    }
}
