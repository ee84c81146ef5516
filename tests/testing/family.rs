//! Signals to the children of a saga.

use sagas::prelude::*;
use sagas::testing::{case, explore};
use serde::{Deserialize, Serialize};

use crate::support::{World, all_or_nothing};

#[derive(Debug, Serialize, Deserialize)]
struct Confirmed {
    room: u32,
}

/// Waits until the house has confirmed.
struct Room {
    world: World,
}

#[saga]
impl Room {
    #[step(compensate = free, idempotent)]
    async fn hold(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn free(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }

    #[step(signal, within = "3d", compensate = renounce, idempotent)]
    async fn confirmed(&self, cx: &StepContext, signal: &Confirmed) -> Result<u32, StepError> {
        assert_eq!(signal.room, 12);
        self.world.forward(cx)
    }
    async fn renounce(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

/// A house of one room.
struct House;

#[saga]
impl House {
    #[step(child = Room, output = room)]
    fn room(&self) {}
}

struct Trip {
    world: World,
}

#[saga]
impl Trip {
    #[step(child = Room)]
    fn stay(&self) {}

    #[step(compensate = cancel, idempotent)]
    async fn fly(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx)
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx)
    }
}

fn trip() -> (Trip, World) {
    let world = World::default();
    (Trip { world: world.clone() }, world)
}

fn with_room(builder: sagas::Builder, world: &World) -> sagas::Builder {
    builder.register(Room { world: world.clone() })
}

const ROOM: Confirmed = Confirmed { room: 12 };

#[tokio::test]
async fn signals_reach_children_and_their_absence_is_explored() {
    let (mut completed, mut unconfirmed) = (0, 0);
    let check = |world: &World, outcome: &Outcome<Trip>| {
        match outcome {
            Outcome::Completed(_) => completed += 1,
            Outcome::Compensated(failure) => {
                unconfirmed += usize::from(failure.code.as_deref() == Some("signal_timeout"));
            }
            Outcome::Parked(_) => {}
        }
        all_or_nothing(world, outcome, 3)
    };
    let explored =
        explore(trip, ()).register(with_room).signal_child::<Room, _>(TripStep::Stay, "letter", ROOM);
    let found = explored.check(check).histories_max(1_500).run().await;
    assert!(completed > 100, "{completed} of {found}");
    assert!(unconfirmed > 10, "{unconfirmed} of {found}");
}

#[tokio::test]
async fn signals_reach_the_children_of_children() {
    let make = || {
        let world = World::default();
        (Agency, world)
    };
    let with_house = |builder: sagas::Builder, world: &World| with_room(builder, world).register(House);
    let (world, outcome) = case(make, ())
        .register(with_house)
        .id("agency-7")
        .signal_child::<Room, _>("house/room", "letter", ROOM)
        .await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.in_force().len(), 2);
}

/// A saga whose child begins later, and has one of its own.
struct Agency;

#[saga]
impl Agency {
    #[step(read_only, delay = "1h")]
    async fn open(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(child = House)]
    fn house(&self) {}
}

#[tokio::test]
async fn a_signal_to_a_child_counts_once_whatever_crashes() {
    let (world, outcome) = case(trip, ())
        .register(with_room)
        .signal_child::<Room, _>(TripStep::Stay, "letter", ROOM)
        .crash_after(TripStep::Fly)
        .await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(world.in_force().len(), 3);
    let keys = world.lock().calls.clone();
    assert_eq!(keys.iter().filter(|key| key.ends_with("/confirmed")).count(), 1, "{keys:?}");
}

#[tokio::test]
async fn a_signal_to_what_is_no_child_is_told() {
    let wrong = explore(trip, ()).register(with_room).signal_child::<Room, _>(TripStep::Fly, "letter", ROOM);
    let violation = wrong.try_run().await.unwrap_err();
    assert_eq!(violation.to_string(), violation.message, "no history was run");
    assert_eq!(
        violation.message,
        "`.signal_child(\"fly\", ..)`: `fly` is no step that is a child; the children of trip are: stay (of room)"
    );
}

#[tokio::test]
#[should_panic(expected = "`fail_at stay`: this step is a saga of its own, and makes no call")]
async fn a_step_that_is_a_child_makes_no_call() {
    let _ = case(trip, ()).register(with_room).fail_at(TripStep::Stay).await;
}
