//! An order whose lines are reserved one by one.

use sagas::Builder;
use sagas::prelude::*;

use crate::support::answers::{Answers, Notes};
use crate::support::data::Data;
use crate::support::lives::{self, ID, Story};
use crate::support::soon;
use crate::support::world::{Act, World};

/// The most items of a step.
pub(super) const ITEMS_MAX: u32 = 10_000;

/// An order whose lines are reserved one by one, three at a time, and packed together.
#[derive(Debug, Clone)]
pub(super) struct Warehouse {
    pub(super) world: World,
    pub(super) lines: Answers<Vec<u32>>,
    pub(super) notes: Notes,
}

impl Warehouse {
    pub(super) fn new(lines: Answers<Vec<u32>>) -> Self {
        Self { world: World::default(), lines, notes: Notes::default() }
    }

    /// An order of so many lines: 100, 101, ..
    pub(super) fn of(lines: u32) -> Self {
        Self::new(Answers::always((100..100 + lines).collect()))
    }

    pub(super) fn script(mut self, step: &str, acts: &[Act]) -> Self {
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

pub(super) async fn outcome(data: &Data, warehouse: &Warehouse) -> Outcome<Warehouse> {
    let orchestrator = lives::open(data.open(), warehouse).await;
    let handle = warehouse.begin(&orchestrator).await;
    let outcome = soon(handle.outcome()).await.unwrap();
    orchestrator.shutdown().await;
    outcome
}

pub(super) fn failure_of(outcome: Outcome<Warehouse>) -> Failure<WarehouseStep> {
    match outcome {
        Outcome::Compensated(failure) => failure,
        other => panic!("not compensated: {other:?}"),
    }
}

pub(super) fn parked_of(outcome: Outcome<Warehouse>) -> Parked<WarehouseStep> {
    match outcome {
        Outcome::Parked(parked) => parked,
        other => panic!("not parked: {other:?}"),
    }
}

/// The calls of `what`, as the ends of their keys with their attempts.
pub(super) fn calls_of(world: &World, what: &str) -> Vec<(String, u32)> {
    let seen = world.seen().into_iter().filter(|call| call.what == what);
    let prefix = format!("warehouse/{ID}/");
    seen.map(|call| (call.key.strip_prefix(&prefix).unwrap().to_owned(), call.attempt)).collect()
}

pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
