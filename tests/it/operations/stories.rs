//! The process dies at every append of a story in which somebody decides, and what was acknowledged holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sagas::prelude::*;
use sagas::{Builder, Error, Resolution};
use serde_json::json;

use crate::support::data::Data;
use crate::support::lives::{ID, Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix};
use crate::support::retry;
use crate::support::world::{Act, World};

/// What somebody decides in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Cancel,
    Revert,
    Succeeded,
    Void,
    Skip,
}

/// The saga of a story: `take`, `hold`, which is settled, and `grant`, whose doubt parks it.
#[derive(Debug, Clone)]
struct Told {
    world: World,
    decided: Decided,
    /// Whether it was acknowledged.
    is_durable: Arc<AtomicBool>,
}

#[saga(name = "told")]
impl Told {
    #[step(compensate = untake, idempotent)]
    async fn take(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn untake(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = unhold, idempotent)]
    async fn hold(&self, cx: &StepContext, take: &u32) -> Result<u32, StepError> {
        let _ = take;
        self.world.forward(cx).await
    }
    async fn unhold(&self, cx: &StepContext, hold: &u32) -> Result<(), StepError> {
        let _ = hold;
        self.world.compensate(cx).await
    }

    #[step(compensate = ungrant, in_doubt = park)]
    async fn grant(&self, cx: &StepContext, hold: &u32) -> Result<u32, StepError> {
        let _ = hold;
        self.world.forward(cx).await
    }
    async fn ungrant(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

impl Told {
    fn new(decided: Decided) -> Self {
        let world = World::default();
        let world = match decided {
            Decided::Cancel => world.script("hold", &[Act::Linger; 3]),
            Decided::Revert => world,
            Decided::Succeeded => world.script("grant", &[Act::LoseAnswer]),
            Decided::Void => world.script("grant", &[Act::LoseRequest]),
            // However often it is called: nobody knows what became of a call that died with its process.
            Decided::Skip => {
                world.script("grant", &[Act::Reject]).script("hold/compensate", &[Act::Reject; 50])
            }
        };
        Self { world, decided, is_durable: Arc::default() }
    }

    fn has_granted(&self) -> bool {
        self.world.in_force().contains(&"told/it-1/grant".to_owned())
    }

    async fn decide(&self, orchestrator: &Orchestrator, handle: &Handle<Self>) -> Result<(), Error> {
        let note = "so says the book".to_owned();
        let resolution = match self.decided {
            Decided::Cancel => return handle.cancel("it is over").await,
            Decided::Revert => return handle.revert("sent back").await,
            // Whoever decides has looked: the process may have died before the call.
            Decided::Succeeded | Decided::Void if self.has_granted() => {
                Resolution::Succeeded { output: json!(1_000), note }
            }
            Decided::Succeeded | Decided::Void => Resolution::Void { note },
            Decided::Skip => Resolution::Skip { note },
        };
        let step = if self.decided == Decided::Skip { "hold" } else { "grant" };
        orchestrator.resolve_step(ID, step, resolution).await
    }
}

impl Story for Told {
    fn world(&self) -> &World {
        &self.world
    }

    fn apart(&self) -> Self {
        let is_durable = AtomicBool::new(self.is_durable.load(Ordering::SeqCst));
        Self { world: self.world.snapshot(), decided: self.decided, is_durable: Arc::new(is_durable) }
    }

    fn register(&self, builder: Builder) -> Builder {
        builder.register(self.clone())
    }

    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
        let orchestrator = orchestrator.acting_as("mara");
        let handle = orchestrator.start::<Self>(ID, ()).await.unwrap();
        match self.decided {
            Decided::Cancel => self.world.called("hold", 1).await,
            _ => drop(handle.outcome().await.unwrap()),
        }
        loop {
            match self.decide(&orchestrator, &handle).await {
                Ok(()) => {
                    self.is_durable.store(true, Ordering::SeqCst);
                    return handle;
                }
                // The life before has a lease yet.
                Err(Error::Stopped { .. }) => tokio::time::sleep(Duration::from_secs(5)).await,
                // The process died in another step: that comes first.
                Err(Error::NotApplicable { .. }) => {
                    orchestrator.resolve_step(ID, "grant", retry()).await.unwrap();
                    let _ = handle.outcome().await.unwrap();
                }
                // It was decided in a life before, or it was too late.
                Err(Error::Finished { .. } | Error::NotRevertible { .. } | Error::NotParked { .. }) => {
                    return handle;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
        let in_force = self.world.in_force();
        match outcome {
            Outcome::Completed(output) => {
                assert_eq!(in_force.len(), 3, "{what}: completed with {in_force:?}");
                let is_told = self.decided == Decided::Succeeded && self.is_durable.load(Ordering::SeqCst);
                assert!(!is_told || *output == 1_000, "{what}: {output}");
            }
            Outcome::Compensated(failure) if self.decided == Decided::Skip => {
                assert_eq!(failure.skipped, [ToldStep::Hold], "{what}");
                assert_eq!(in_force, ["told/it-1/hold"], "{what}");
            }
            Outcome::Compensated(_) => {
                assert!(in_force.is_empty(), "{what}: compensated with {in_force:?}");
            }
            Outcome::Parked(parked) => panic!("{what}: {parked}"),
        }
        if !self.is_durable.load(Ordering::SeqCst) {
            return;
        }
        match (self.decided, outcome) {
            (Decided::Succeeded, Outcome::Completed(_)) | (Decided::Skip, Outcome::Compensated(_)) => {}
            (Decided::Cancel, Outcome::Compensated(failure)) => {
                assert_eq!(failure.kind, FailureKind::Cancelled, "{what}");
            }
            (Decided::Revert, Outcome::Compensated(failure)) => {
                assert_eq!(failure.kind, FailureKind::Reverted, "{what}");
            }
            (Decided::Succeeded | Decided::Void, Outcome::Compensated(failure)) => {
                assert_eq!(failure.kind, FailureKind::NotDone, "{what}");
            }
            (decided, outcome) => panic!("{what}: {decided:?} was acknowledged, and came to {outcome:?}"),
        }
    }
}

const ALL: [Decided; 5] =
    [Decided::Cancel, Decided::Revert, Decided::Succeeded, Decided::Void, Decided::Skip];

#[test]
fn i3_i14_what_was_decided_holds_after_a_crash_at_any_append() {
    for decided in ALL {
        let crashes = crash_everywhere(Data::memory, &format!("{decided:?}"), || Told::new(decided));
        assert!(crashes >= 8, "{decided:?}: {crashes}");
    }
}

#[test]
fn i3_i14_what_was_decided_holds_after_a_crash_at_any_append_to_a_file() {
    for decided in [Decided::Cancel, Decided::Revert, Decided::Succeeded] {
        crash_everywhere(Data::sqlite, &format!("{decided:?}"), || Told::new(decided));
    }
}

#[test]
fn i3_i14_what_was_decided_holds_after_crashes_in_a_row() {
    for decided in ALL {
        assert!(crash_again_and_again(&format!("{decided:?}"), || Told::new(decided)) >= 8, "{decided:?}");
    }
}

#[test]
fn i5_every_prefix_with_a_decision_is_gone_on_from() {
    let mut seen = Vec::new();
    for decided in ALL {
        seen.extend(go_on_from_every_prefix(&format!("{decided:?}"), || Told::new(decided)));
    }
    assert!(seen.contains(&"Resolved") && seen.contains(&"CompensationDecided"), "{seen:?}");
}
