//! The list: asked once, journalled once, bounded.

use std::time::Duration;

use sagas::prelude::*;

use super::warehouse::{ITEMS_MAX, Warehouse, WarehouseStep, outcome, parked_of, settle};
use crate::support::answers::Answers;
use crate::support::data::{Data, on_both};
use crate::support::lives::{self, ID, Story, live};
use crate::support::probe::Moment;
use crate::support::world::Act;
use crate::support::{retry, soon};

#[test]
fn a_list_that_panics_parks_at_its_step_and_retry_asks_again() {
    on_both(async |data| {
        let warehouse = Warehouse::new(Answers::new([None, Some(vec![100, 101]), Some(vec![7])]));
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = warehouse.begin(&orchestrator).await;
        let parked = parked_of(soon(handle.outcome()).await.unwrap());
        assert_eq!((parked.step, parked.item), (WarehouseStep::Reserve, None));
        assert_eq!((parked.reason, parked.attempts), (ParkReason::Panicked, 0));
        assert_eq!(parked.message, "panicked: the method panics");
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        warehouse.assert_sound(&outcome, "once it answers");
        assert!(matches!(outcome, Outcome::Completed(reserved) if reserved.len() == 2));
        assert_eq!(warehouse.lines.asked(), 2);
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_items_on_record_count_whatever_the_method_says_in_the_next_life() {
    on_both(async |data| {
        let lines = Answers::new([Some(vec![100, 101, 102, 103]), Some(vec![7])]);
        let warehouse = Warehouse::new(lines).script("reserve/2", &[Act::Hang]);
        let builder = warehouse.register(Orchestrator::builder(data.open()));
        let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
        warehouse.begin(&orchestrator).await;
        soon(warehouse.world.called("reserve", 4)).await;
        settle().await;
        orchestrator.shutdown().await;
        let outcome = outcome(data, &warehouse).await;
        warehouse.assert_sound(&outcome, "in the second life");
        assert!(matches!(outcome, Outcome::Completed(reserved) if reserved.len() == 4));
        assert_eq!(warehouse.lines.asked(), 1);
        assert_eq!(warehouse.notes.all(), ["pack line 100, line 101, line 102, line 103"]);
    });
}

#[test]
fn a_list_that_was_not_written_is_asked_for_again() {
    for (moment, asked, items) in [(Moment::Before, 2, 1), (Moment::After, 1, 2)] {
        let lines = Answers::new([Some(vec![100, 101]), Some(vec![100])]);
        let (data, warehouse) = (Data::memory(), Warehouse::new(lines));
        // The second append has the success of the first step and the items.
        assert!(live(&data, &warehouse, Some((2, moment))).is_none());
        let outcome = live(&data, &warehouse, None).unwrap();
        warehouse.assert_sound(&outcome, "in the second life");
        assert!(matches!(outcome, Outcome::Completed(reserved) if reserved.len() == items), "{moment:?}");
        assert_eq!(warehouse.lines.asked(), asked, "{moment:?}");
    }
}

#[test]
fn more_items_than_are_allowed_park_and_are_not_written() {
    on_both(async |data| {
        let warehouse = Warehouse::of(ITEMS_MAX + 1);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = warehouse.begin(&orchestrator).await;
        for _ in ["at once", "and when it is tried again"] {
            let parked = parked_of(soon(handle.outcome()).await.unwrap());
            assert_eq!((parked.step, parked.item), (WarehouseStep::Reserve, None));
            assert_eq!(parked.reason, ParkReason::TooManyItems);
            assert_eq!(parked.message, "it has 10001 items, more than the limit of 10000");
            orchestrator.resolve(ID, retry()).await.unwrap();
        }
        assert_eq!(warehouse.world.calls(), ["order"]);
        let _ = soon(handle.outcome()).await.unwrap();
        orchestrator.shutdown().await;
        let journal = data.journal(ID).await;
        let bytes = format!("{journal:?}").len();
        assert!(bytes < 10_000, "the items are not written: {bytes}");
    });
}

#[test]
fn items_over_the_limit_of_payloads_park() {
    on_both(async |data| {
        let warehouse = Warehouse::of(20);
        let builder = warehouse.register(Orchestrator::builder(data.open())).payload_limit(50);
        let orchestrator = builder.build().await.unwrap();
        let handle = warehouse.begin(&orchestrator).await;
        let parked = parked_of(soon(handle.outcome()).await.unwrap());
        assert_eq!((parked.step, parked.reason), (WarehouseStep::Reserve, ParkReason::Decode));
        assert_eq!(parked.message, "the items have 60 bytes, more than the limit of 50");
        orchestrator.shutdown().await;

        // A process that allows more goes on with it.
        let orchestrator = lives::open(data.open(), &warehouse).await;
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(orchestrator.handle::<Warehouse>(ID).outcome()).await.unwrap();
        warehouse.assert_sound(&outcome, "with a larger limit");
        orchestrator.shutdown().await;
    });
}
