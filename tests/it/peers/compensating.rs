//! Compensations at once, and compensations that fail.

use sagas::journal::Event;
use sagas::prelude::*;

use crate::support::data::{Data, on_both};
use crate::support::forks::Forks;
use crate::support::lives::{ID, Story, crash_again_and_again, crash_everywhere};
use crate::support::world::{Act, World};
use crate::support::{open, retry, soon};

impl Story for Forks {
    fn world(&self) -> &World {
        &self.world
    }

    fn apart(&self) -> Self {
        Self { world: self.world.snapshot() }
    }

    fn register(&self, builder: sagas::Builder) -> sagas::Builder {
        builder.register(self.clone())
    }

    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
        orchestrator.start::<Self>(ID, ()).await.unwrap()
    }

    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
        assert!(matches!(outcome, Outcome::Compensated(_)), "{what}: {outcome:?}");
        assert!(self.world.in_force().is_empty(), "{what}: {:?}", self.world.in_force());
    }
}

/// Both branches are taken back at once, and neither without trouble.
fn troubled() -> Forks {
    let world = World::default()
        // However often it is asked in later lives.
        .script("join", &[Act::Reject; 12])
        .script("left/compensate", &[Act::LoseAnswer, Act::NotDone])
        .script("far/compensate", &[Act::Panic]);
    Forks { world }
}

/// How often each step is compensated, by the journal.
async fn compensated(data: &Data) -> Vec<(String, usize)> {
    let journal = data.journal(ID).await;
    let mut steps: Vec<(String, usize)> = Vec::new();
    for event in journal.iter().flat_map(|entry| &entry.events) {
        if let Event::CompensationSucceeded { step, .. } = event {
            match steps.iter_mut().find(|(name, _)| name == step.as_str()) {
                Some((_, times)) => *times += 1,
                None => steps.push((step.to_string(), 1)),
            }
        }
    }
    steps.sort();
    steps
}

#[test]
fn peer_i6_compensations_at_once_are_each_on_record_once() {
    on_both(async |data| {
        let forks = troubled();
        let builder = forks.register(Orchestrator::builder(data.open()));
        let orchestrator = builder.build().await.unwrap();
        let handle = forks.begin(&orchestrator).await;
        forks.assert_sound(&soon(handle.outcome()).await.unwrap(), "both branches");
        orchestrator.shutdown().await;
        let once = ["far", "left", "right", "root"].map(|step| (step.to_owned(), 1));
        assert_eq!(compensated(data).await, once);
    });
}

#[test]
fn peer_i3_i8_compensations_at_once_keep_one_truth_over_every_crash() {
    let crashes = crash_everywhere(Data::memory, "both branches", troubled)
        + crash_again_and_again("both branches", troubled)
        + crash_everywhere(Data::sqlite, "both branches, in a file", troubled);
    assert!(crashes > 60, "only {crashes}");
}

#[test]
fn peer_i14_i18_an_error_or_a_panic_in_a_compensation_stops_nothing_else() {
    for act in [Act::Reject, Act::Panic, Act::NotDone, Act::LoseRequest] {
        on_both(async |data| {
            let world = World::default()
                .script("join@bad", &[Act::Reject])
                .script("left/compensate@bad", &[act])
                .script("join@good", &[Act::Reject]);
            let orchestrator = open(data.open(), &world).await;
            let bad = orchestrator.start::<Forks>("bad", ()).await.unwrap();
            let good = orchestrator.start::<Forks>("good", ()).await.unwrap();
            let outcome = soon(good.outcome()).await.unwrap();
            assert!(matches!(outcome, Outcome::Compensated(_)), "{act:?}: {outcome:?}");
            let mut outcome = soon(bad.outcome()).await.unwrap();
            if let Outcome::Parked(parked) = &outcome {
                assert_eq!((act, parked.reason), (Act::Reject, ParkReason::Refused));
                // The other branch was taken back all the same, as far as it goes.
                for step in ["far/compensate", "right/compensate"] {
                    assert_eq!(world.count(step), 2, "{step}");
                }
                orchestrator.resolve("bad", retry()).await.unwrap();
                outcome = soon(bad.outcome()).await.unwrap();
            }
            assert!(matches!(outcome, Outcome::Compensated(_)), "{act:?}: {outcome:?}");
            assert!(world.in_force().is_empty(), "{act:?}: {:?}", world.in_force());
            orchestrator.shutdown().await;
        });
    }
}
