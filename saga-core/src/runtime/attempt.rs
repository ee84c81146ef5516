//! One call of a user's method: guarded against panics, limited in time.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::fault::{FaultKind, FaultRecord};
use crate::machine::AttemptEnd;
use crate::private::{CallEnd, Calling};

/// Makes the call and drives it to its end, for at most `timeout`. A panic is caught, in the call itself, in
/// each poll and in the drop of its future; it and the timeout leave the attempt in doubt.
pub(crate) async fn run<'a>(make: impl FnOnce() -> Calling<'a>, timeout: Duration) -> AttemptEnd {
    let ended = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(calling) => within(timeout, calling).await,
        Err(panic) => Err(Cut::Panicked(panic)),
    };
    match ended {
        Ok(CallEnd::Succeeded(output)) => AttemptEnd::Succeeded(output),
        Ok(CallEnd::Failed(fault)) => AttemptEnd::Failed(fault),
        Ok(CallEnd::NothingDone) => AttemptEnd::NothingDone,
        Ok(CallEnd::Unknown) => AttemptEnd::Unknown,
        Err(Cut::TimedOut) => {
            let message = format!("no answer within {timeout:?}");
            AttemptEnd::Failed(FaultRecord::new(FaultKind::InDoubt, "timeout", message))
        }
        Err(Cut::Panicked(panic)) => {
            let message = format!("panicked: {}", text_of(&*panic));
            AttemptEnd::Failed(FaultRecord::new(FaultKind::InDoubt, "panicked", message))
        }
    }
}

/// Why a call has no result.
enum Cut {
    TimedOut,
    Panicked(Box<dyn Any + Send>),
}

/// Polls `calling` to its end. The timer is made only once the call has to wait: most calls in tests and many
/// in production answer at once.
async fn within(timeout: Duration, mut calling: Calling<'_>) -> Result<CallEnd, Cut> {
    let mut poll_once = |cx: &mut std::task::Context<'_>| match catch_unwind(AssertUnwindSafe(|| {
        calling.as_mut().poll(cx)
    })) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(Cut::Panicked(panic))),
    };
    let first = poll_fn(|cx| Poll::Ready(poll_once(cx))).await;
    let ended = match first {
        Poll::Ready(ended) => ended,
        Poll::Pending => {
            let mut timer = pin!(tokio::time::sleep(timeout));
            poll_fn(|cx| match poll_once(cx) {
                Poll::Ready(ended) => Poll::Ready(ended),
                Poll::Pending => timer.as_mut().poll(cx).map(|()| Err(Cut::TimedOut)),
            })
            .await
        }
    };
    match catch_unwind(AssertUnwindSafe(|| drop(calling))) {
        Ok(()) => ended,
        // What the call returned before its future panicked in its drop still counts.
        Err(panic) => ended.or(Err(Cut::Panicked(panic))),
    }
}

/// The text of a panic.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
