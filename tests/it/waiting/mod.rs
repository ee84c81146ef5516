//! What waits: for a child, for a message, for a time.

mod family;

mod child_compensation;
mod child_parking;
mod children;

use std::future::Future;
use std::time::Duration;

/// Awaits `future` for as much simulated time as any of these sagas takes.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let year = Duration::from_secs(365 * 24 * 3_600);
    tokio::time::timeout(year, future).await.expect("it hangs")
}
