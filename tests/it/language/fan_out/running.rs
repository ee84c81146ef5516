//! Items that succeed: side by side, in order, each under a key of its own.

use sagas::StepState;
use sagas::journal::{Entry, Event};
use sagas::prelude::*;

use super::warehouse::{Warehouse, calls_of, outcome, settle};
use crate::support::data::{Data, on_both};
use crate::support::lives::{self, ID, Story};
use crate::support::soon;
use crate::support::world::Act;

#[test]
fn every_item_runs_under_a_key_of_its_own_and_later_steps_see_all_outputs_in_order() {
    on_both(async |data| {
        // The first ends last.
        let warehouse = Warehouse::of(5).script("reserve/0", &[Act::Wait]);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = warehouse.begin(&orchestrator).await;
        soon(warehouse.world.called("reserve", 5)).await;
        settle().await;
        assert_eq!(warehouse.world.count("pack"), 0, "it waits for all");
        warehouse.world.open();
        let outputs: Vec<_> = (100..105).map(|line| format!("line {line}")).collect();
        assert_eq!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(outputs.clone()));
        assert_eq!(warehouse.notes.all(), [format!("pack {}", outputs.join(", "))]);
        let calls = calls_of(&warehouse.world, "reserve");
        let expected: Vec<_> = (0..5).map(|item| (format!("reserve/{item}"), 1)).collect();
        assert_eq!(calls, expected, "in order");
        let status = handle.status().await.unwrap();
        assert_eq!((status.steps[1].state, status.steps[1].attempts), (StepState::Succeeded, 5));
        assert_eq!(warehouse.lines.asked(), 1);
        orchestrator.shutdown().await;
        // The next process reads the same, in the same order.
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = orchestrator.handle::<Warehouse>(ID);
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(outputs));
        orchestrator.shutdown().await;
    });
}

#[test]
fn no_more_items_run_at_once_than_is_said_and_they_start_in_order() {
    on_both(async |data| {
        let warehouse = Warehouse::of(20).script("reserve", &[Act::Linger; 20]);
        let warehouse = warehouse.script("reserve/0", &[Act::Wait]).script("reserve/2", &[Act::Wait]);
        let warehouse = warehouse.script("reserve/1", &[Act::Wait]);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = warehouse.begin(&orchestrator).await;
        soon(warehouse.world.called("reserve", 3)).await;
        settle().await;
        assert_eq!(warehouse.world.count("reserve"), 3);
        warehouse.world.open();
        let outcome = soon(handle.outcome()).await.unwrap();
        warehouse.assert_sound(&outcome, "twenty");
        assert_eq!(warehouse.world.serving_max("reserve"), 3);
        let keys: Vec<_> = calls_of(&warehouse.world, "reserve").into_iter().map(|(key, _)| key).collect();
        let expected: Vec<_> = (0..20).map(|item| format!("reserve/{item}")).collect();
        assert_eq!(keys, expected);
        orchestrator.shutdown().await;
    });
}

#[test]
fn every_item_has_attempts_and_retries_of_its_own() {
    on_both(async |data| {
        let warehouse = Warehouse::of(4)
            .script("reserve/1", &[Act::NotDone, Act::LoseAnswer])
            .script("reserve/3", &[Act::LoseRequest, Act::Panic]);
        let outcome = outcome(data, &warehouse).await;
        warehouse.assert_sound(&outcome, "two fail twice");
        let mut calls = calls_of(&warehouse.world, "reserve");
        calls.sort();
        let expected = [(0, 1), (1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (3, 3)];
        assert_eq!(calls, expected.map(|(item, attempt)| (format!("reserve/{item}"), attempt)));
        assert_eq!(warehouse.lines.asked(), 1);
    });
}

#[test]
fn no_items_is_success() {
    on_both(async |data| {
        let warehouse = Warehouse::of(0);
        assert_eq!(outcome(data, &warehouse).await, Outcome::Completed(Vec::new()));
        assert_eq!(warehouse.world.calls(), ["order", "pack"]);
        assert_eq!(warehouse.notes.all(), ["pack "]);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let handle = orchestrator.handle::<Warehouse>(ID);
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(Vec::new()));
        assert_eq!(handle.status().await.unwrap().steps[1].state, StepState::Succeeded);
        orchestrator.shutdown().await;

        let data = Data::memory();
        let warehouse = Warehouse::of(0).script("pack", &[Act::Reject]);
        let orchestrator = lives::open(data.open(), &warehouse).await;
        let outcome = soon(warehouse.begin(&orchestrator).await.outcome()).await.unwrap();
        warehouse.assert_sound(&outcome, "there is nothing to compensate");
        assert_eq!(warehouse.world.count("reserve/compensate"), 0);
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_items_are_journalled_once_with_the_step_before() {
    on_both(async |data| {
        let outcome = outcome(data, &Warehouse::of(3)).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        let journal = data.journal(ID).await;
        let has_list =
            |entry: &&Entry| entry.events.iter().any(|event| matches!(event, Event::ItemsListed { .. }));
        let listed: Vec<_> = journal.iter().filter(has_list).collect();
        assert_eq!(listed.len(), 1);
        let names: Vec<_> = listed[0].events.iter().map(Event::name).collect();
        assert_eq!(names, ["StepSucceeded", "ItemsListed", "StepStarted", "StepStarted", "StepStarted"]);
    });
}
