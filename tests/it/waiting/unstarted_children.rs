//! Children that could not be started: when their parents look at them again, and until when it counts.

use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{Filter, StepState};

use super::family::{Pair, Part, builder, open};
use super::loan::stands;
use crate::support::answers::Answers;
use crate::support::data::Data;
use crate::support::probe::Asked;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

#[tokio::test(start_paused = true)]
async fn i18_a_child_that_could_not_be_started_is_once_its_parent_is_resolved_in_memory() {
    let world = World::default().script("label", &[Act::Wait]);
    let orchestrator = open(Data::memory().open(), &world).await;
    let other = orchestrator.start::<Part>("pair-1/part", 1).await.unwrap();
    assert!(matches!(soon(other.outcome()).await.unwrap(), Outcome::Completed(_)));
    // It stays in memory, since its other step is running all the time.
    let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
    stands(&pair, 0, StepState::Parked).await;
    assert_eq!(orchestrator.purge(Filter::new()).await.unwrap(), 1, "the id is free");
    orchestrator.resolve("pair-1", retry()).await.unwrap();
    soon(world.called("make", 2)).await;
    assert_eq!(world.count("label"), 1, "it never left memory");
    world.open();
    assert!(matches!(soon(pair.outcome()).await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i18_that_a_child_could_not_be_started_parks_no_parent_that_compensates_by_then() {
    let (data, world) = (Data::memory(), World::default().script("label", &[Act::WaitThenReject]));
    let store = data.open();
    let plan = store.plan();
    let orchestrator = builder(store, &world).build().await.unwrap();
    let other = orchestrator.start::<Part>("pair-1/part", 1).await.unwrap();
    assert!(matches!(soon(other.outcome()).await.unwrap(), Outcome::Completed(_)));
    // The parent looks at whose the id is, and the store takes its time to say so.
    plan.hold_only(&[Asked::Load]);
    let pair = orchestrator.start::<Pair>("pair-1", 1).await.unwrap();
    soon(world.called("label", 1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let journal = data.journal("pair-1").await;
    let mut events = journal.iter().flat_map(|entry| &entry.events);
    assert!(events.any(|event| matches!(event, Event::CompensationDecided { .. })), "{journal:?}");
    plan.release();
    let outcome = soon(pair.outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    assert!(matches!(soon(other.outcome()).await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}

/// A [`Part`], of which it may be asked more than once, beside `label`, then `close`.
#[derive(Debug)]
struct Hamper {
    world: World,
    parts: Answers<u32>,
}

#[saga(name = "hamper")]
impl Hamper {
    #[step(child = Part, after())]
    fn part(&self) -> u32 {
        self.parts.next()
    }

    #[step(compensate = unlabel, idempotent, after(), timeout = "1h", retry(attempts = 3, initial = "10ms"))]
    async fn label(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn unlabel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(read_only)]
    async fn close(&self, cx: &StepContext, part: &u32, label: &u32) -> Result<u32, StepError> {
        let _ = label;
        self.world.forward(cx).await?;
        Ok(*part)
    }
}

#[tokio::test(start_paused = true)]
async fn i18_that_a_child_could_not_be_started_parks_no_parent_that_knows_of_its_end() {
    let data = Data::memory();
    let world = World::default().script("make", &[Act::Hang]).script("label", &[Act::Wait; 2]);
    let parts = Answers::always(7);
    let hamper = Hamper { world: world.clone(), parts };
    let first = builder(data.open(), &world).register(hamper).shutdown_grace(Duration::ZERO);
    let first = first.build().await.unwrap();
    first.start::<Hamper>("hamper-1", ()).await.unwrap();
    soon(world.called("make", 1)).await;
    first.shutdown().await;

    // Asked what its child is for the second time, it does not know any more.
    let parts = Answers::new([Some(7), None]);
    let hamper = Hamper { world: world.clone(), parts: parts.clone() };
    let store = data.open();
    let plan = store.plan();
    // Both are read back, and the parent is kept from reading its child until that has ended.
    plan.on_load({
        let plan = plan.clone();
        move |_| plan.hold_only(&[Asked::Load])
    });
    let second = builder(store, &world).register(hamper).build().await.unwrap();
    let part = second.handle::<Part>("hamper-1/part");
    soon(world.called("pack", 1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(parts.asked(), 1);
    plan.on_load(|_| {});
    // While its own entry is being written it hears of the end, and looks at the child once more, which that asked for.
    plan.hold_only(&[Asked::Load, Asked::Append]);
    world.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    plan.hold_only(&[Asked::Append]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(parts.asked(), 2);
    plan.release();
    let outcome = soon(second.handle::<Hamper>("hamper-1").outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert!(matches!(soon(part.outcome()).await.unwrap(), Outcome::Completed(_)));
    second.shutdown().await;
}
