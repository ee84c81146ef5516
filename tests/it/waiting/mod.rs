//! What waits: for a child, for a message, for a time.

mod express;
pub(crate) mod family;
pub(crate) mod loan;
pub(crate) mod reminder;
mod stories;

mod child_compensation;
mod child_parking;
mod children;

mod signal_limits;
mod signal_races;
mod signals;

mod crashes;
mod set_back;

mod clock_jumps;
mod deadlines;
mod entry_times;
mod late_children;
mod late_requests;
mod time;
mod unstarted_children;

use std::future::Future;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Lets this much simulated time pass, and a little more.
async fn pass(time: Duration) {
    tokio::time::sleep(time + Duration::from_secs(15)).await;
}

/// Awaits `future` for as much simulated time as any of these sagas takes.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(365 * DAY, future).await.expect("it hangs")
}
