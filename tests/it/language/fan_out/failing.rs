//! Items that fail: each is retried, settled, compensated and parked by itself.

use sagas::StepState;
use sagas::prelude::*;

use super::warehouse::{Warehouse, WarehouseStep, calls_of, failure_of, outcome, parked_of};
use crate::support::data::on_both;
use crate::support::lives::{self, ID, Story};
use crate::support::world::Act;
use crate::support::{retry, soon};

#[test]
fn i8_one_item_refused_compensates_the_finished_ones_and_the_others_never_start() {
    on_both(async |data| {
        // 0 has finished, 2 is running and will finish, 3 to 5 are in line.
        let warehouse = Warehouse::of(6)
            .script("reserve/1", &[Act::NotDone, Act::Reject])
            .script("reserve/2", &[Act::WaitForCancel])
            .script("reserve/3", &[Act::WaitForCancel]);
        let outcome = outcome(data, &warehouse).await;
        let failure = failure_of(outcome);
        assert_eq!((failure.step, failure.item), (Some(WarehouseStep::Reserve), Some(1)));
        assert_eq!((failure.kind, failure.attempts), (FailureKind::Rejected, 2));
        assert_eq!(failure.message, "reserve refused");
        assert!(warehouse.world.in_force().is_empty());
        let mut called: Vec<_> = calls_of(&warehouse.world, "reserve");
        called.dedup();
        assert!(called.iter().all(|(key, _)| key != "reserve/4" && key != "reserve/5"), "{called:?}");
        let mut notes = warehouse.notes.all();
        notes.sort();
        let release = |item: u32| format!("release {item} of \"line {item}\" for Some(1)");
        assert_eq!(notes, [100, 102, 103].map(release), "with their own items and outputs");
        let mut compensated = calls_of(&warehouse.world, "reserve/compensate");
        compensated.sort();
        assert_eq!(compensated, [0, 2, 3].map(|item| (format!("reserve/{item}/compensate"), 1)));
        assert_eq!(warehouse.world.count("order/compensate"), 1);
    });
}

#[test]
fn i8_an_item_in_doubt_is_settled_by_itself_and_then_compensated_with_its_output() {
    on_both(async |data| {
        let lost = [Act::LoseAnswer; 3];
        let warehouse = Warehouse::of(3).script("reserve/2", &lost).script("reserve/0", &[Act::NotDone]);
        let failure = failure_of(outcome(data, &warehouse).await);
        assert_eq!((failure.step, failure.item), (Some(WarehouseStep::Reserve), Some(2)));
        assert_eq!((failure.kind, failure.attempts), (FailureKind::InDoubt, 3));
        let calls = calls_of(&warehouse.world, "reserve");
        let last = calls.iter().filter(|(key, _)| key == "reserve/2").map(|(_, attempt)| *attempt);
        assert_eq!(last.max(), Some(4), "it was called once more to learn its output: {calls:?}");
        assert!(warehouse.notes.all().contains(&"release 102 of \"line 102\" for Some(2)".to_owned()));
        assert_eq!(warehouse.world.count("reserve/compensate"), 3);
        assert!(warehouse.world.in_force().is_empty());
    });
}

#[test]
fn i8_an_item_that_turns_out_to_be_refused_when_it_is_settled_is_not_compensated() {
    on_both(async |data| {
        let acts = [Act::LoseRequest, Act::LoseRequest, Act::LoseRequest, Act::NotDone, Act::Reject];
        let warehouse = Warehouse::of(2).script("reserve/1", &acts);
        let failure = failure_of(outcome(data, &warehouse).await);
        assert_eq!((failure.item, failure.kind), (Some(1), FailureKind::InDoubt));
        assert_eq!(
            calls_of(&warehouse.world, "reserve/compensate"),
            [("reserve/0/compensate".to_owned(), 1)]
        );
        assert!(warehouse.world.in_force().is_empty());
    });
}

#[test]
fn i11_a_later_refusal_compensates_every_item_after_what_followed_it() {
    on_both(async |data| {
        let warehouse = Warehouse::of(5).script("pack", &[Act::LoseAnswer, Act::LoseAnswer]);
        let failure = failure_of(outcome(data, &warehouse).await);
        assert_eq!((failure.step, failure.item), (Some(WarehouseStep::Pack), None));
        let calls = warehouse.world.calls();
        let first = calls.iter().position(|call| call.ends_with("/compensate")).unwrap();
        let mut expected = vec!["pack/compensate"];
        expected.extend(["reserve/compensate"; 5]);
        expected.push("order/compensate");
        assert_eq!(calls[first..], expected);
        assert!(warehouse.notes.all().contains(&"unpack 5".to_owned()));
        assert!(warehouse.notes.all().contains(&"release 104 of \"line 104\" for None".to_owned()));
        assert!(warehouse.world.in_force().is_empty());
        assert!(warehouse.world.serving_max("reserve/compensate") <= 3);
    });
}

#[test]
fn a_refused_compensation_of_an_item_parks_there_and_the_others_are_compensated() {
    on_both(async |data| {
        let warehouse =
            Warehouse::of(4).script("pack", &[Act::Reject]).script("reserve/2/compensate", &[Act::Reject]);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = warehouse.begin(&orchestrator).await;
        let parked = parked_of(soon(handle.outcome()).await.unwrap());
        assert_eq!((parked.step, parked.item), (WarehouseStep::Reserve, Some(2)));
        assert_eq!((parked.reason, parked.attempts), (ParkReason::Refused, 1));
        assert_eq!(warehouse.world.count("reserve/compensate"), 4);
        assert_eq!(warehouse.world.count("order/compensate"), 0, "it waits for all items");
        assert_eq!(handle.status().await.unwrap().steps[1].state, StepState::Parked);
        orchestrator.shutdown().await;

        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = orchestrator.handle::<Warehouse>(ID);
        assert_eq!(parked_of(soon(handle.outcome()).await.unwrap()), parked, "since when, too");
        orchestrator.resolve(ID, retry()).await.unwrap();
        let failure = failure_of(soon(handle.outcome()).await.unwrap());
        assert_eq!(failure.step, Some(WarehouseStep::Pack));
        let again = calls_of(&warehouse.world, "reserve/compensate");
        assert_eq!(again.iter().filter(|(key, _)| key == "reserve/2/compensate").count(), 2);
        assert!(warehouse.world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}
