//! What the tests share: sagas whose services do as they are told, stores that watch, fail and crash, and
//! processes that die.

pub(crate) mod answers;
pub(crate) mod clock;
pub(crate) mod data;
pub(crate) mod forks;
pub(crate) mod lives;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod scripts;
pub(crate) mod shop;
pub(crate) mod world;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use sagas::Resolution;
use sagas::prelude::*;

use forks::Forks;
use probe::Probe;
use shop::{Shop, order};
use world::World;

/// The longest a test may take. No test asserts a time; this turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Awaits `future`, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long, something hangs")
}

/// Polls `future` `times` times, and says whether it has ended by then.
pub(crate) async fn poll_times<T>(mut future: Pin<&mut impl Future<Output = T>>, times: usize) -> Option<T> {
    for _ in 0..times {
        if let Poll::Ready(value) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// An orchestrator of the sagas over `world`, to be built.
pub(crate) fn builder(store: Probe, world: &World) -> sagas::Builder {
    Orchestrator::builder(store)
        .register(Shop { world: world.clone() })
        .register(Forks { world: world.clone() })
}

/// An orchestrator of the sagas over `world`.
pub(crate) async fn open(store: Probe, world: &World) -> Orchestrator {
    builder(store, world).build().await.unwrap()
}

/// Starts the order `id` of number 1.
pub(crate) async fn start(orchestrator: &Orchestrator, id: &str) -> Handle<Shop> {
    orchestrator.start::<Shop>(id, order(1)).await.unwrap()
}

/// Has what is parked tried again.
pub(crate) fn retry() -> Resolution {
    Resolution::Retry { note: "the service is back".to_owned() }
}
