//! The wall clock is set back between two lives of a process.

use std::time::{Duration, SystemTime};

use sagas::Clock;
use sagas::prelude::*;
use tokio::time::Instant;

use super::reminder::Reminder;
use super::{DAY, in_time};
use crate::support::clock::SetClock;
use crate::support::data::Data;
use crate::support::lives::ID;
use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// Far from the beginning of time, so that it can be set back.
const TODAY: Duration = Duration::from_secs(1_700_000_000);

/// A clock that shows `from` when it is made, and goes on as tokio's does.
struct FromThen {
    from: SystemTime,
    at: Instant,
}

impl FromThen {
    fn new(since_the_epoch: Duration) -> Self {
        Self { from: SystemTime::UNIX_EPOCH + since_the_epoch, at: Instant::now() }
    }
}

impl Clock for FromThen {
    fn now(&self) -> SystemTime {
        self.from + self.at.elapsed()
    }
}

/// Starts the reminder, and lets the process die while it waits. Returns once it is dead.
fn die_while_it_waits(data: &Data, world: &World) {
    let runtime = data.runtime();
    runtime.block_on(async {
        let orchestrator = open(data, world, TODAY).await;
        orchestrator.start::<Reminder>(ID, ()).await.unwrap();
        tokio::time::sleep(5 * MINUTE).await;
    });
    runtime.shutdown_background();
}

async fn open(data: &Data, world: &World, time: Duration) -> Orchestrator {
    let builder = Orchestrator::builder(data.open_once_free().await);
    builder.register(Reminder { world: world.clone() }).clock(FromThen::new(time)).build().await.unwrap()
}

/// How long it takes from the second life's beginning until the reminder has completed.
fn wait_again(data: &Data, world: &World, time: Duration) -> Duration {
    let runtime = data.runtime();
    let waited = runtime.block_on(async {
        let began = Instant::now();
        let orchestrator = open(data, world, time).await;
        let outcome = in_time(orchestrator.handle::<Reminder>(ID).outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        began.elapsed()
    });
    runtime.shutdown_background();
    waited
}

#[test]
fn i26_what_waits_on_disk_does_not_wait_until_the_clock_is_back_where_it_was() {
    for back in [Duration::ZERO, 10 * MINUTE, DAY, 300 * DAY] {
        let (data, world) = (Data::memory(), World::default());
        die_while_it_waits(&data, &world);
        // It was to wait for 20 minutes, and 5 of them have passed. If its journal has times that are yet to come, it
        // begins to wait anew once it is read, since nobody knows how much of it has passed.
        let waited = wait_again(&data, &world, TODAY + 5 * MINUTE - back);
        assert!(waited >= 14 * MINUTE && waited < 36 * MINUTE, "{back:?} back, it waited {waited:?}");
    }
}

#[test]
fn i26_what_a_clock_that_was_ahead_for_a_moment_has_named_as_its_time_is_not_waited_for() {
    let (data, world) = (Data::memory(), World::default());
    let runtime = data.runtime();
    runtime.block_on(async {
        let clock = SetClock::new();
        let builder = Orchestrator::builder(data.open_once_free().await).clock(clock.clone());
        let orchestrator = builder.register(Reminder { world: world.clone() }).build().await.unwrap();
        clock.set(|time| time + DAY);
        orchestrator.start::<Reminder>(ID, ()).await.unwrap();
        // It dies before it would prolong its lease.
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    runtime.shutdown_background();
    let waited = wait_again(&data, &world, TODAY + MINUTE);
    assert!(waited < 36 * MINUTE, "it waited {waited:?}");
}
