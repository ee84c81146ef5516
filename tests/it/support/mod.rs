//! What the tests share: a shop whose services do as they are told, stores that watch, fail and crash, and
//! processes that die.

pub(crate) mod process;
pub(crate) mod shop;
pub(crate) mod stores;

use std::future::Future;
use std::time::Duration;

use sagas::prelude::*;

use shop::{Shop, World};
use stores::Probe;

/// The longest a test may take. No test asserts a time; this turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Awaits `future`, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long, something hangs")
}

/// An orchestrator of the shop.
pub(crate) async fn open(store: Probe, world: &World) -> Orchestrator {
    Orchestrator::builder(store).register(Shop { world: world.clone() }).build().await.unwrap()
}
