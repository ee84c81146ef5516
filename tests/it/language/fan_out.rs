//! `for_each`: a step that runs once for each item of a list, each with attempts, a key and a compensation of
//! its own.

use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{Builder, StepState};

use crate::support::answers::{Answers, Notes};
use crate::support::data::{Data, on_both};
use crate::support::lives::{
    self, ID, Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix, live,
};
use crate::support::probe::Moment;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

/// The most items of a step.
const ITEMS_MAX: u32 = 10_000;

/// An order whose lines are reserved one by one, three at a time, and packed together.
#[derive(Debug, Clone)]
struct Warehouse {
    world: World,
    lines: Answers<Vec<u32>>,
    notes: Notes,
}

impl Warehouse {
    fn new(lines: Answers<Vec<u32>>) -> Self {
        Self { world: World::default(), lines, notes: Notes::default() }
    }

    /// An order of so many lines: 100, 101, ..
    fn of(lines: u32) -> Self {
        Self::new(Answers::always((100..100 + lines).collect()))
    }

    fn script(mut self, step: &str, acts: &[Act]) -> Self {
        self.world = self.world.script(step, acts);
        self
    }
}

#[saga(name = "warehouse", output = reserved)]
impl Warehouse {
    #[step(compensate = cancel, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn order(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(
        output = reserved,
        for_each = lines,
        concurrency = 3,
        compensate = release,
        idempotent,
        retry(attempts = 3, initial = "10ms")
    )]
    async fn reserve(&self, cx: &StepContext, order: &u32, item: &u32) -> Result<String, StepError> {
        assert_eq!(*order, 1, "the output of the step before");
        self.world.forward(cx).await.map(|_| format!("line {item}"))
    }
    fn lines(&self, order: &u32) -> Vec<u32> {
        assert_eq!(*order, 1, "the output of the step before");
        self.lines.next()
    }
    #[policy(retry(initial = "10ms", max = "20ms"))]
    async fn release(
        &self,
        cx: &StepContext,
        item: &u32,
        reserved: &String,
        failure: &Failure,
    ) -> Result<(), StepError> {
        self.notes.add(format!("release {item} of {reserved:?} for {:?}", failure.item));
        self.world.compensate(cx).await
    }

    #[step(compensate = unpack, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn pack(&self, cx: &StepContext, reserved: &[String]) -> Result<u32, StepError> {
        self.notes.add(format!("pack {}", reserved.join(", ")));
        self.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms"))]
    async fn unpack(&self, cx: &StepContext, reserved: &[String]) -> Result<(), StepError> {
        self.notes.add(format!("unpack {}", reserved.len()));
        self.world.compensate(cx).await
    }
}

impl Story for Warehouse {
    fn world(&self) -> &World {
        &self.world
    }

    fn apart(&self) -> Self {
        Self { world: self.world.snapshot(), lines: self.lines.apart(), notes: Notes::default() }
    }

    fn register(&self, builder: Builder) -> Builder {
        builder.register(self.clone())
    }

    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
        orchestrator.start(ID, ()).await.unwrap()
    }

    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
        let in_force = self.world.in_force();
        match outcome {
            Outcome::Completed(reserved) => {
                assert_eq!(in_force.len(), 2 + reserved.len(), "{what}: {in_force:?}");
                for (item, output) in (0..).zip(reserved) {
                    assert_eq!(*output, format!("line {}", 100 + item), "{what}");
                    assert!(in_force.contains(&format!("warehouse/{ID}/reserve/{item}")), "{what}");
                }
            }
            Outcome::Compensated(_) => assert!(in_force.is_empty(), "{what}: {in_force:?}"),
            Outcome::Parked(parked) => panic!("{what}: {parked}"),
        }
    }
}

async fn outcome(data: &Data, warehouse: &Warehouse) -> Outcome<Warehouse> {
    let orchestrator = lives::open(data.open(), warehouse).await;
    let handle = warehouse.begin(&orchestrator).await;
    let outcome = soon(handle.outcome()).await.unwrap();
    orchestrator.shutdown().await;
    outcome
}

fn failure_of(outcome: Outcome<Warehouse>) -> Failure<WarehouseStep> {
    match outcome {
        Outcome::Compensated(failure) => failure,
        other => panic!("not compensated: {other:?}"),
    }
}

fn parked_of(outcome: Outcome<Warehouse>) -> Parked<WarehouseStep> {
    match outcome {
        Outcome::Parked(parked) => parked,
        other => panic!("not parked: {other:?}"),
    }
}

/// The calls of `what`, as the ends of their keys with their attempts.
fn calls_of(world: &World, what: &str) -> Vec<(String, u32)> {
    let seen = world.seen().into_iter().filter(|call| call.what == what);
    let prefix = format!("warehouse/{ID}/");
    seen.map(|call| (call.key.strip_prefix(&prefix).unwrap().to_owned(), call.attempt)).collect()
}

async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

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

#[test]
fn as_many_items_as_are_allowed_complete_also_over_a_crash_and_are_compensated() {
    for (last, completes) in [(Act::Succeed, true), (Act::Reject, false)] {
        let warehouse = Warehouse::of(ITEMS_MAX).script("pack", &[last]);
        let data = Data::memory();
        assert!(live(&data, &warehouse, Some((4_000, Moment::After))).is_none());
        let outcome = live(&data, &warehouse, None).unwrap();
        let what = format!("it was {last:?}");
        assert_eq!(matches!(outcome, Outcome::Completed(_)), completes, "{what}");
        warehouse.assert_sound(&outcome, &what);
        assert!(warehouse.world.count("reserve") <= usize::try_from(ITEMS_MAX).unwrap() + 3);
    }
}

/// What may happen to a few items.
fn stories() -> Vec<(&'static str, Warehouse)> {
    let fickle = || Warehouse::new(Answers::new([vec![100, 101], vec![100], vec![100, 101, 102]].map(Some)));
    vec![
        ("all succeed", Warehouse::of(4)),
        ("none", Warehouse::of(0)),
        ("the list changes", fickle()),
        ("the list panics", Warehouse::new(Answers::new([None, Some(vec![100, 101])]))),
        ("one fails for a while", Warehouse::of(2).script("reserve/1", &[Act::LoseAnswer, Act::NotDone])),
        ("the first is refused", Warehouse::of(4).script("reserve/0", &[Act::Reject])),
        ("the last is refused", Warehouse::of(4).script("reserve/3", &[Act::LoseRequest, Act::Reject])),
        ("one stays in doubt", Warehouse::of(2).script("reserve/1", &[Act::LoseAnswer; 3])),
        (
            "one is settled in vain",
            fickle().script("reserve/0", &[Act::LoseRequest; 4]).script("reserve/1", &[Act::Panic]),
        ),
        (
            "compensations fail",
            Warehouse::of(2)
                .script("pack", &[Act::Reject])
                .script("reserve/0/compensate", &[Act::NotDone, Act::Reject])
                .script("reserve/1/compensate", &[Act::LoseAnswer]),
        ),
    ]
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_every_item_stands_or_is_compensated() {
    for (at, (what, _)) in stories().iter().enumerate() {
        let make = || stories().swap_remove(at).1;
        assert!(crash_everywhere(Data::memory, what, make) >= 6, "{what}");
        crash_everywhere(Data::sqlite, what, make);
        crash_again_and_again(what, make);
    }
}

#[test]
fn i5_every_prefix_of_a_journal_with_items_is_gone_on_from() {
    let mut seen = Vec::new();
    for (at, (what, _)) in stories().iter().enumerate() {
        seen.extend(go_on_from_every_prefix(what, || stories().swap_remove(at).1));
    }
    for event in ["ItemsListed", "Parked", "CompensationFailed", "CompensationDecided"] {
        assert!(seen.contains(&event), "{event}");
    }
}

#[test]
fn the_items_are_journalled_once_with_the_step_before() {
    on_both(async |data| {
        let outcome = outcome(data, &Warehouse::of(3)).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        let journal = data.journal(ID).await;
        let has_list = |entry: &&sagas::journal::Entry| {
            entry.events.iter().any(|event| matches!(event, Event::ItemsListed { .. }))
        };
        let listed: Vec<_> = journal.iter().filter(has_list).collect();
        assert_eq!(listed.len(), 1);
        let names: Vec<_> = listed[0].events.iter().map(Event::name).collect();
        assert_eq!(names, ["StepSucceeded", "ItemsListed", "StepStarted", "StepStarted", "StepStarted"]);
    });
}
