//! The sagas that wait as stories that processes live through.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Builder, Error, Receives};

use super::family::{Gift, Kit, Move, Pair};
use super::loan::{APPROVED, Approved, Contract, House, Loan, SIGNED, Signed};
use super::reminder::Reminder;
use super::{family, loan, reminder};
use crate::support::lives::{ID, Story};
use crate::support::retry;
use crate::support::world::World;

/// The steps of a story that are children, or children of children.
const CHILDREN: [&str; 5] = ["part", "kit", "kit/part", "there", "back"];

/// A story of `$saga`, one of those that `$register` registers, started with `$input`. It has `$effects` effects when it has completed.
macro_rules! story {
    ($saga:ident of $register:path, $input:expr, $effects:expr, $help:expr) => {
        impl Story for $saga {
            fn world(&self) -> &World {
                &self.world
            }

            fn apart(&self) -> Self {
                Self { world: self.world.snapshot() }
            }

            fn register(&self, builder: Builder) -> Builder {
                let builder = $register(builder, &self.world);
                // With one place, who does not give it back holds up the others.
                builder.max_active(1)
            }

            async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
                let handle = orchestrator.start::<Self>(ID, $input).await.unwrap();
                tokio::spawn(retry_children(orchestrator.clone()));
                $help(orchestrator).await;
                handle
            }

            fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
                let in_force = self.world.in_force();
                match outcome {
                    Outcome::Completed(_) => assert_eq!(in_force.len(), $effects, "{what}: {in_force:?}"),
                    Outcome::Compensated(_) => assert!(in_force.is_empty(), "{what}: {in_force:?}"),
                    Outcome::Parked(parked) => panic!("{what}: {parked}"),
                }
            }
        }
    };
}

story!(Kit of family::register, 1, 4, async |_: &Orchestrator| {});
story!(Pair of family::register, 1, 4, async |_: &Orchestrator| {});
story!(Gift of family::register, 1, 5, async |_: &Orchestrator| {});
story!(Move of family::register, (), 5, async |_: &Orchestrator| {});
story!(Reminder of reminder::register, (), 4, async |_: &Orchestrator| {});
story!(Loan of loan::register, 1, 4, async |to: &Orchestrator| send(to.handle::<Loan>(ID)).await);
story!(Contract of loan::register, (), 3, async |to: &Orchestrator| send(to.handle::<Contract>(ID)).await);
story!(House of loan::register, (), 5, async |to: &Orchestrator| send(to.handle::<Loan>(format!("{ID}/loan"))).await);

/// Sends both signals until they are kept.
async fn send<S: Receives<Approved> + Receives<Signed>>(receiver: Handle<S>) {
    let mut pauses = pauses();
    loop {
        let approved = receiver.signal("a", APPROVED).await;
        let signed = receiver.signal("s", SIGNED).await;
        match approved.and(signed) {
            Ok(()) | Err(Error::Finished { .. }) => return,
            // A child that has yet to be started.
            Err(Error::NotFound { .. }) => tokio::time::sleep(pauses.next().unwrap()).await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Has children that are parked tried again, for as long as there is somebody to ask.
async fn retry_children(orchestrator: Orchestrator) {
    for pause in pauses() {
        tokio::time::sleep(pause).await;
        for child in CHILDREN {
            if let Err(Error::ShuttingDown) = orchestrator.resolve(format!("{ID}/{child}"), retry()).await {
                return;
            }
        }
    }
}

/// How long to wait before asking again: little at first, where time is real, and more and more, where it is
/// simulated and costs nothing but the asking.
fn pauses() -> impl Iterator<Item = Duration> {
    let next = |pause: &Duration| Some((*pause * 2).min(Duration::from_secs(10)));
    std::iter::successors(Some(Duration::from_millis(5)), next)
}
