//! The moments of an instance's life.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{InstanceState, SystemClock};

use super::desk::{Desk, builder, open, start};
use crate::support;
use crate::support::data::Data;
use crate::support::shop::Shop;
use crate::support::world::{Act, World};

/// The instance that a scene is about.
pub(crate) const ID: &str = "it-1";

/// A moment of an instance's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    Running,
    Queued,
    InLine,
    Waiting,
    JustRecovered,
    ParkedInDoubt,
    ParkedCompensating,
    Compensating,
    Settling,
    Completed,
    Compensated,
    PastPivot,
    ParkedPastPivot,
    CompletedWithPivot,
    Unregistered,
    Unreadable,
    Unknown,
    ShutDown,
}

impl Scene {
    pub(crate) const ALL: [Self; 18] = [
        Self::Running,
        Self::Queued,
        Self::InLine,
        Self::Waiting,
        Self::JustRecovered,
        Self::ParkedInDoubt,
        Self::ParkedCompensating,
        Self::Compensating,
        Self::Settling,
        Self::Completed,
        Self::Compensated,
        Self::PastPivot,
        Self::ParkedPastPivot,
        Self::CompletedWithPivot,
        Self::Unregistered,
        Self::Unreadable,
        Self::Unknown,
        Self::ShutDown,
    ];

    /// What the services do in it.
    fn world(self) -> World {
        let world = World::default();
        match self {
            Self::Running => world.script("hold", &[Act::Wait]),
            Self::Queued => world.script("take@other", &[Act::Wait]),
            Self::InLine => world.script("grant@other", &[Act::Wait]),
            Self::Waiting => world.script("take", &[Act::NotDone]),
            Self::JustRecovered => world.script("take", &[Act::Hang, Act::Wait]),
            Self::Unregistered | Self::Unreadable => world.script("hold", &[Act::Hang]),
            Self::ParkedInDoubt => world.script("grant", &[Act::LoseAnswer]),
            Self::ParkedCompensating => {
                world.script("grant", &[Act::Reject]).script("hold/compensate", &[Act::Reject])
            }
            Self::Compensating => {
                world.script("grant", &[Act::Reject]).script("hold/compensate", &[Act::Wait])
            }
            Self::Settling => world.script("hold", &[Act::LoseAnswer, Act::Wait]),
            Self::Compensated => world.script("grant", &[Act::Reject]),
            Self::PastPivot => world.script("notify", &[Act::Wait]),
            Self::ParkedPastPivot => world.script("notify", &[Act::Reject]),
            Self::Completed | Self::CompletedWithPivot | Self::Unknown | Self::ShutDown => world,
        }
    }

    /// Brings an instance there.
    pub(crate) async fn arrange(self, data: &Data) -> (Orchestrator, World) {
        let world = self.world();
        let orchestrator = match self {
            Self::PastPivot | Self::ParkedPastPivot | Self::CompletedWithPivot => {
                support::open(data.open(), &world).await
            }
            Self::Queued => builder(data.open(), &world).max_active(1).build().await.unwrap(),
            _ => builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap(),
        };
        if matches!(self, Self::Queued | Self::InLine) {
            start(&orchestrator, "other").await;
            world.called(if self == Self::Queued { "take" } else { "grant" }, 1).await;
        }
        match self {
            Self::PastPivot | Self::ParkedPastPivot | Self::CompletedWithPivot => {
                support::start(&orchestrator, ID).await;
            }
            Self::Unknown => {}
            _ => drop(start(&orchestrator, ID).await),
        }
        self.wait(&orchestrator, &world).await;
        match self {
            Self::JustRecovered => {
                orchestrator.shutdown().await;
                (open(data.open(), &world).await, world)
            }
            Self::Unregistered => {
                orchestrator.shutdown().await;
                (support::open(data.open(), &world).await, world)
            }
            Self::Unreadable => {
                orchestrator.shutdown().await;
                let store = data.open();
                store.plan().on_load(|stored| stored.entries[1].events = "no JSON".to_owned());
                let orchestrator = open(store, &world).await;
                until(&orchestrator, InstanceState::Unreadable).await;
                (orchestrator, world)
            }
            Self::ShutDown => {
                orchestrator.shutdown().await;
                (orchestrator, world)
            }
            _ => (orchestrator, world),
        }
    }

    /// Waits until it is there.
    async fn wait(self, orchestrator: &Orchestrator, world: &World) {
        match self {
            Self::Running | Self::Unregistered | Self::Unreadable => world.called("hold", 1).await,
            Self::Queued | Self::InLine | Self::Unknown => {}
            Self::Waiting | Self::JustRecovered => world.called("take", 1).await,
            Self::Compensating => world.called("hold/compensate", 1).await,
            Self::Settling => world.called("hold", 2).await,
            Self::PastPivot => world.called("notify", 1).await,
            Self::ParkedInDoubt | Self::ParkedCompensating | Self::ParkedPastPivot => {
                until(orchestrator, InstanceState::Parked).await;
            }
            Self::Completed | Self::CompletedWithPivot | Self::ShutDown => {
                until(orchestrator, InstanceState::Completed).await;
            }
            Self::Compensated => until(orchestrator, InstanceState::Compensated).await,
        }
        // Whatever else there is to do until everything waits for something else, such as leaving memory.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until the instance is in this state.
pub(crate) async fn until(orchestrator: &Orchestrator, state: InstanceState) {
    while state_of(orchestrator, ID).await != state {
        tokio::task::yield_now().await;
    }
}

/// The state that an instance is listed in.
pub(crate) async fn state_of(orchestrator: &Orchestrator, id: &str) -> InstanceState {
    let page = orchestrator.instances(sagas::Filter::new().id_prefix(id)).await.unwrap();
    page.items.iter().find(|item| item.id.as_str() == id).unwrap().state
}

/// Two workers over one store: the first has the instance, which waits in its first step.
pub(crate) async fn two_workers(data: &Data) -> (Orchestrator, Orchestrator, World) {
    let world = World::default().script("take", &[Act::Wait]);
    let clock = SystemClock::new();
    let first = builder(data.open(), &world).clock(clock).build().await.unwrap();
    let second = builder(data.open(), &world).clock(clock).build().await.unwrap();
    start(&first, ID).await;
    world.called("take", 1).await;
    (first, second, world)
}

/// The outcome of the scene's instance, in one word; its effects are what that says, but for as many as somebody was
/// wrong about or has left standing.
pub(crate) async fn ends(
    orchestrator: &Orchestrator,
    world: &World,
    is_shop: bool,
    off: usize,
) -> InstanceState {
    world.open();
    let (state, effects) = if is_shop {
        let outcome = orchestrator.handle::<Shop>(ID).outcome().await.unwrap();
        (state_in(&outcome), 5)
    } else {
        let outcome = orchestrator.handle::<Desk>(ID).outcome().await.unwrap();
        (state_in(&outcome), 3)
    };
    let key = format!("/{ID}/");
    let in_force = world.in_force().iter().filter(|effect| effect.contains(&key)).count();
    match state {
        InstanceState::Completed => assert_eq!(in_force, effects - off),
        InstanceState::Compensated => assert_eq!(in_force, off, "{:?}", world.in_force()),
        _ => {}
    }
    state
}

fn state_in<S: Saga>(outcome: &Outcome<S>) -> InstanceState {
    match outcome {
        Outcome::Completed(_) => InstanceState::Completed,
        Outcome::Compensated(_) => InstanceState::Compensated,
        Outcome::Parked(_) => InstanceState::Parked,
    }
}
