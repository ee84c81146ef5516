//! What the tests share: a shop whose services do as they are told, and stores that watch, fail and crash.

pub(crate) mod shop;
pub(crate) mod stores;

use std::future::Future;
use std::time::Duration;

/// The longest a test may take. No test asserts a time; this turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Awaits `future`, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long, something hangs")
}
