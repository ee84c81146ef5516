//! A wall clock that jumps by a day loses nothing and lets nothing hang.

use std::time::Duration;

use sagas::StepState;
use sagas::prelude::*;

use super::express::Express;
use super::family::{Kit, Part};
use super::loan::{Loan, grant, stands};
use super::reminder::Reminder;
use super::{DAY, in_time, pass};
use crate::support::clock::SetClock;
use crate::support::data::Data;
use crate::support::world::{Act, World};

/// More than any of the sagas takes when its clock goes right, and much less than the clock jumps by.
const LONG: Duration = Duration::from_secs(5 * 3_600);

/// A day forth or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    Forth,
    Back,
}

impl Jump {
    fn of(self, clock: &SetClock) {
        clock.set(|now| match self {
            Self::Forth => now + DAY,
            Self::Back => now - DAY,
        });
    }
}

async fn open(data: &Data, world: &World, clock: &SetClock) -> Orchestrator {
    Orchestrator::builder(data.open())
        .register(Reminder { world: world.clone() })
        .register(Loan { world: world.clone() })
        .register(Express { world: world.clone() })
        .register(Kit { world: world.clone() })
        .register(Part { world: world.clone() })
        .clock(clock.clone())
        .max_active(4)
        .shutdown_grace(Duration::ZERO)
        .build()
        .await
        .unwrap()
}

/// Starts one of each kind, and lets each come to where it waits.
async fn begin(orchestrator: &Orchestrator, world: &World) {
    let backoff = orchestrator.start::<Reminder>("backoff", ()).await.unwrap();
    let delay = orchestrator.start::<Reminder>("delay", ()).await.unwrap();
    let loan = orchestrator.start::<Loan>("loan", 1).await.unwrap();
    let express = orchestrator.start::<Express>("express", ()).await.unwrap();
    orchestrator.start::<Kit>("kit", 1).await.unwrap();
    stands(&backoff, 0, StepState::Waiting).await;
    stands(&delay, 1, StepState::Waiting).await;
    stands(&loan, 1, StepState::Waiting).await;
    stands(&express, 0, StepState::Waiting).await;
    world.called("make", 1).await;
}

/// Lets each come to its end.
async fn end(orchestrator: &Orchestrator, world: &World, is_too_late: bool, what: &str) {
    world.open();
    grant(&orchestrator.handle::<Loan>("loan")).await;
    let ends = async {
        for id in ["backoff", "delay"] {
            let outcome = orchestrator.handle::<Reminder>(id).outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{what}, {id}: {outcome:?}");
        }
        let loan = orchestrator.handle::<Loan>("loan").outcome().await.unwrap();
        assert_eq!(loan, Outcome::Completed(3_007), "{what}");
        let kit = orchestrator.handle::<Kit>("kit").outcome().await.unwrap();
        assert!(matches!(kit, Outcome::Completed(_)), "{what}: {kit:?}");
        let express = orchestrator.handle::<Express>("express").outcome().await.unwrap();
        assert_eq!(matches!(express, Outcome::Compensated(_)), is_too_late, "{what}: {express:?}");
    };
    tokio::time::timeout(LONG, ends).await.unwrap_or_else(|_| panic!("{what}: it hangs"));
    let in_force = world.in_force();
    let expected = 4 + 4 + 4 + 4 + if is_too_late { 0 } else { 3 };
    assert_eq!(in_force.len(), expected, "{what}: {in_force:?}");
}

fn world() -> World {
    World::default()
        .script("note@backoff", &[Act::NotDone])
        .script("order", &[Act::NotDone])
        .script("make", &[Act::Wait, Act::Wait])
}

#[test]
fn i26_a_clock_that_jumps_in_the_middle_of_a_life_loses_nothing() {
    for jumps in [
        &[Jump::Forth][..],
        &[Jump::Back],
        &[Jump::Forth, Jump::Back],
        &[Jump::Back, Jump::Forth],
        &[Jump::Back, Jump::Back],
    ] {
        let data = Data::memory();
        data.runtime().block_on(in_time(async {
            let (world, clock) = (world(), SetClock::new());
            let orchestrator = open(&data, &world, &clock).await;
            begin(&orchestrator, &world).await;
            for jump in jumps {
                jump.of(&clock);
                pass(Duration::from_secs(30)).await;
            }
            let is_too_late = jumps[0] == Jump::Forth;
            end(&orchestrator, &world, is_too_late, &format!("{jumps:?}")).await;
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn i26_a_clock_that_jumps_forth_between_two_lives_loses_nothing() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (world(), SetClock::new());
        let first = open(&data, &world, &clock).await;
        begin(&first, &world).await;
        first.shutdown().await;
        Jump::Forth.of(&clock);
        let second = open(&data, &world, &clock).await;
        end(&second, &world, true, "between two lives").await;
        second.shutdown().await;
    }));
}
