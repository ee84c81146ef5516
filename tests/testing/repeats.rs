//! A history that is run again is the same.

use sagas::prelude::*;
use sagas::testing::{Explore, explore};

use crate::support::{World, all_or_nothing};

/// A child beside a step: when a client cancels it, both have something to do at once.
struct Move {
    world: World,
}

#[saga]
impl Move {
    #[step(child = Van)]
    fn van(&self) {}

    #[step(after(), compensate = stay, idempotent)]
    async fn leave(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn stay(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(after(), for_each = boxes, compensate = unpack, idempotent)]
    async fn pack(&self, cx: &StepContext, item: &u32) -> Result<u32, StepError> {
        let _ = item;
        self.world.forward(cx)
    }
    fn boxes(&self) -> Vec<u32> {
        vec![1, 2]
    }
    async fn unpack(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

struct Van {
    world: World,
}

#[saga]
impl Van {
    #[step(compensate = give_back, idempotent)]
    async fn rent(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn give_back(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

fn move_house() -> (Move, World) {
    let world = World::default();
    (Move { world: world.clone() }, world)
}

fn explored() -> Explore<'static, Move, World> {
    explore(move_house, ()).register(|builder, world| builder.register(Van { world: world.clone() }))
}

#[tokio::test]
async fn a_history_of_children_and_items_is_the_same_in_every_run() {
    let once =
        || explored().check(|world, outcome| all_or_nothing(world, outcome, 4)).histories_max(500).run();
    let first = once().await;
    for _ in 0..3 {
        assert_eq!(once().await, first);
    }
}

#[tokio::test]
async fn a_code_that_wants_something_where_it_cannot_be_is_of_no_history() {
    let run = |code: &'static str| explored().only(code).try_run();
    for code in ["0:refuse", "1:revert", "0:unsent", "0:overdue"] {
        let violation = run(code).await.unwrap_err();
        assert!(violation.message.contains("does not exist"), "{code}: {violation}");
    }
}
