//! The time of an entry that several inputs make together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sagas::Clock;
use sagas::journal::{Event, Next};
use sagas::prelude::*;
use sagas::store::Timestamp;
use tokio::sync::Notify;

use crate::support::data::Data;
use crate::support::probe::Asked;
use crate::support::soon;

/// A wall clock that stands still, while everything else goes on.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
}

/// What a trio waits for.
#[derive(Debug, Clone, Default)]
struct Bells {
    held: Arc<Notify>,
    failing: Arc<Notify>,
}

/// Three steps at once: `held` succeeds when it is told to, `failing` fails then, for once, and `timed` is tried again
/// after three seconds.
#[derive(Debug)]
struct Trio {
    bells: Bells,
}

#[saga(name = "trio")]
impl Trio {
    #[step(read_only, after(), timeout = "1h")]
    async fn held(&self) -> Result<(), StepError> {
        self.bells.held.notified().await;
        Ok(())
    }

    #[step(read_only, after(), timeout = "1h", retry(initial = "1s", jitter = false))]
    async fn failing(&self, cx: &StepContext) -> Result<(), StepError> {
        if cx.attempt() == 1 {
            self.bells.failing.notified().await;
            return Err(StepError::not_done("not yet"));
        }
        Ok(())
    }

    #[step(read_only, after(), retry(initial = "3s", jitter = false))]
    async fn timed(&self, cx: &StepContext) -> Result<(), StepError> {
        if cx.attempt() == 1 { Err(StepError::not_done("not yet")) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn i4_all_that_makes_an_entry_is_decided_at_the_time_of_that_entry() {
    let (data, bells) = (Data::memory(), Bells::default());
    let store = data.open();
    let plan = store.plan();
    let builder = Orchestrator::builder(store).register(Trio { bells: bells.clone() }).clock(Stopped);
    let orchestrator = builder.build().await.unwrap();
    let trio = orchestrator.start::<Trio>("trio-1", ()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // While an entry is being written a step fails by the clock, and then a timer has counted further than that.
    plan.hold_only(&[Asked::Append]);
    bells.held.notify_one();
    tokio::time::sleep(Duration::from_millis(1)).await;
    bells.failing.notify_one();
    tokio::time::sleep(Duration::from_secs(5)).await;
    plan.release();
    let outcome = soon(trio.outcome()).await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    let journal = data.journal("trio-1").await;
    let retry_of = |event: &Event| match event {
        Event::AttemptFailed { step, next: Next::RetryAt(at), .. } if step.as_str() == "failing" => Some(*at),
        _ => None,
    };
    let (entry, retry_at) = journal
        .iter()
        .find_map(|entry| Some((entry, entry.events.iter().find_map(retry_of)?)))
        .expect("it failed once");
    let starts = |event: &Event| matches!(event, Event::StepStarted { step, .. } if step.as_str() == "timed");
    assert!(entry.events.iter().any(starts), "one entry of both: {journal:?}");
    assert_eq!(retry_at, entry.at.plus(Duration::from_secs(1)));
    assert!(entry.at > Timestamp::from(Stopped.now()), "the timer counts, whatever the clock says");
    orchestrator.shutdown().await;
}
