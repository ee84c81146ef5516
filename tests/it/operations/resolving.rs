//! Every way in which what is parked goes on.

use sagas::journal::{Event, ResolutionKind};
use sagas::prelude::*;
use sagas::{Error, InstanceState, Resolution};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::desk::{DeskStep, open, start};
use super::scenes::{ID, state_of};
use crate::support::data::{Data, on_both};
use crate::support::retry;
use crate::support::world::{Act, World};

fn note() -> String {
    "looked at the books".to_owned()
}

fn skip() -> Resolution {
    Resolution::Skip { note: note() }
}

fn void() -> Resolution {
    Resolution::Void { note: note() }
}

fn succeeded(output: serde_json::Value) -> Resolution {
    Resolution::Succeeded { output, note: note() }
}

/// What was resolved, by the journal: the step with its item, how, and who.
async fn resolved(data: &Data) -> Vec<(String, ResolutionKind, String)> {
    let journal = data.journal(ID).await;
    let events = journal.into_iter().flat_map(|entry| entry.events);
    events
        .filter_map(|event| match event {
            Event::Resolved { step, item, how, who, note: why } => {
                assert_eq!(why, note());
                Some((item.map_or(step.to_string(), |item| format!("{step}/{item}")), how, who))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_skipped_compensation_is_listed_in_the_failure_and_its_effect_stays() {
    on_both(async |data| {
        let world =
            World::default().script("grant", &[Act::Reject]).script("hold/compensate", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.acting_as("mara").resolve(ID, skip()).await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("compensated") };
        assert_eq!(
            (failure.step, failure.skipped.as_slice()),
            (Some(DeskStep::Grant), &[DeskStep::Hold][..])
        );
        assert_eq!(world.in_force(), ["desk/it-1/hold"]);
        assert_eq!((world.count("hold/compensate"), world.count("take/compensate")), (1, 1));
        let Some(Outcome::Compensated(again)) = handle.try_outcome().await.unwrap() else { panic!() };
        assert_eq!(again, failure, "as it is read from the journal");
        orchestrator.shutdown().await;
        assert_eq!(resolved(data).await, [("hold".to_owned(), ResolutionKind::Skip, "mara".to_owned())]);
    });
}

#[test]
fn a_step_in_doubt_that_was_done_goes_on_with_the_output_that_is_told() {
    on_both(async |data| {
        let world = World::default().script("grant", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        for wrong in [json!("three"), json!(-1), json!(null), json!({ "grant": 3 }), json!(1.5)] {
            let error = orchestrator.resolve(ID, succeeded(wrong.clone())).await.unwrap_err();
            let Error::WrongOutput { step, what, .. } = &error else { panic!("{error:?}") };
            assert_eq!(step, "grant");
            assert!(what.contains("u32") && !error.to_string().contains("three"), "{error}");
            assert_eq!(state_of(&orchestrator, ID).await, InstanceState::Parked, "{wrong}");
        }
        orchestrator.resolve(ID, succeeded(json!(33))).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(33));
        assert_eq!(world.count("grant"), 1, "it was not called again");
        orchestrator.shutdown().await;
        assert_eq!(resolved(data).await.len(), 1, "what was refused is not in the journal");
    });
}

#[test]
fn a_step_in_doubt_that_was_not_done_fails_the_instance() {
    on_both(async |data| {
        let world = World::default().script("grant", &[Act::LoseRequest]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, ID).await;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.resolve(ID, void()).await.unwrap();
        let Outcome::Compensated(failure) = handle.outcome().await.unwrap() else { panic!("compensated") };
        assert_eq!((failure.step, failure.kind), (Some(DeskStep::Grant), FailureKind::NotDone));
        assert_eq!(failure.message, note());
        assert_eq!(world.count("grant/compensate"), 0, "there is nothing to compensate");
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    at: u32,
}

/// A pivot per line would be wrong; here it is a step that nobody can ask about.
#[derive(Debug, Clone)]
struct Lines {
    world: World,
}

#[saga(name = "lines", input = u32)]
impl Lines {
    #[step(compensate = unplace, in_doubt = park, for_each = lines)]
    async fn place(&self, cx: &StepContext, item: &Line) -> Result<Line, StepError> {
        self.world.forward(cx).await?;
        Ok(item.clone())
    }
    async fn unplace(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
    fn lines(&self, input: &u32) -> Vec<Line> {
        (0..*input).map(|at| Line { at }).collect()
    }

    #[step(read_only)]
    async fn sum(&self, place: &[Line]) -> Result<u32, StepError> {
        Ok(place.iter().map(|line| line.at).sum())
    }
}

async fn open_lines(data: &Data, world: &World) -> Orchestrator {
    let lines = Lines { world: world.clone() };
    Orchestrator::builder(data.open()).register(lines).build().await.unwrap()
}

#[test]
fn items_are_resolved_one_by_one_where_they_went_different_ways() {
    on_both(async |data| {
        let world = World::default()
            .script("place/1", &[Act::LoseAnswer])
            .script("place/3", &[Act::LoseRequest, Act::Succeed]);
        let orchestrator = open_lines(data, &world).await;
        let handle = orchestrator.start::<Lines>(ID, 5).await.unwrap();
        let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("parked") };
        assert_eq!((parked.step, parked.item), (LinesStep::Place, Some(1)));
        let report = orchestrator.inspect(ID).await.unwrap();
        let all: Vec<_> = report.parked.iter().map(|parked| parked.item).collect();
        assert_eq!(all, [Some(1), Some(3)]);

        for resolution in [succeeded(json!({ "at": 100 })), void()] {
            let error = orchestrator.resolve(ID, resolution).await.unwrap_err();
            let Error::NotApplicable { why, .. } = &error else { panic!("{error:?}") };
            assert!(why.contains("place/1") && why.contains("place/3"), "{why}");
        }
        for (name, is_known) in [("place/9", true), ("place/x", false), ("place/", false), ("price", false)] {
            let error = orchestrator.resolve_step(ID, name, retry()).await.unwrap_err();
            let Error::NoSuchStep { step, steps, .. } = &error else { panic!("{name}: {error:?}") };
            assert_eq!((step.as_str(), steps.len()), (name, 2), "{is_known}");
            assert!(error.to_string().contains("place, sum"), "{error}");
        }
        for name in ["place", "place/0", "sum"] {
            let error = orchestrator.resolve_step(ID, name, retry()).await.unwrap_err();
            assert!(matches!(error, Error::NotApplicable { .. }), "{name}: {error:?}");
        }
        let wrong = succeeded(json!(100));
        let error = orchestrator.resolve_step(ID, "place/1", wrong).await.unwrap_err();
        assert!(matches!(&error, Error::WrongOutput { step, .. } if step == "place/1"), "{error:?}");

        orchestrator.resolve_step(ID, "place/1", succeeded(json!({ "at": 100 }))).await.unwrap();
        assert_eq!(state_of(&orchestrator, ID).await, InstanceState::Parked, "there is one more");
        orchestrator.resolve_step(ID, "place/3", Resolution::Retry { note: note() }).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(2 + 3 + 4 + 100));
        orchestrator.shutdown().await;
        let resolved = resolved(data).await;
        assert_eq!(resolved[0].0, "place/1");
        assert_eq!(resolved[1].0, "place/3");
    });
}

#[test]
fn an_output_that_was_told_is_there_after_a_restart() {
    on_both(async |data| {
        let world =
            World::default().script("place/0", &[Act::LoseAnswer]).script("place/1", &[Act::LoseAnswer]);
        let orchestrator = open_lines(data, &world).await;
        let handle = orchestrator.start::<Lines>(ID, 2).await.unwrap();
        let _ = handle.outcome().await.unwrap();
        orchestrator.resolve_step(ID, "place/1", succeeded(json!({ "at": 70 }))).await.unwrap();
        orchestrator.shutdown().await;
        let orchestrator = open_lines(data, &world).await;
        let handle = orchestrator.handle::<Lines>(ID);
        orchestrator.resolve(ID, succeeded(json!({ "at": 7 }))).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(77));
        assert_eq!(handle.status().await.unwrap().steps[1].attempts, 1, "it was there at once");
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_output_over_the_limit_is_refused() {
    on_both(async |data| {
        let world = World::default().script("place/0", &[Act::LoseAnswer]);
        let orchestrator = Orchestrator::builder(data.open())
            .register(Lines { world: world.clone() })
            .payload_limit(64)
            .build()
            .await
            .unwrap();
        let handle = orchestrator.start::<Lines>(ID, 1).await.unwrap();
        let _ = handle.outcome().await.unwrap();
        let large = json!({ "at": 1, "comment": "x".repeat(100) });
        let error = orchestrator.resolve(ID, succeeded(large)).await.unwrap_err();
        assert!(matches!(error, Error::PayloadTooLarge { bytes_max: 64, .. }), "{error:?}");
        let debug = format!("{:?}", succeeded(json!("a secret")));
        assert!(debug.contains("Succeeded") && !debug.contains("secret"), "{debug}");
        orchestrator.shutdown().await;
    });
}

/// A step may be parked while another goes on for long.
#[derive(Debug, Clone)]
struct Fork {
    world: World,
}

#[saga(name = "fork")]
impl Fork {
    #[step(compensate = no_left, in_doubt = park, after())]
    async fn left(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn no_left(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = no_right, idempotent, after(), timeout = "1h")]
    async fn right(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn no_right(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

#[test]
fn a_step_that_is_parked_beside_one_that_runs_is_resolved_all_the_same() {
    on_both(async |data| {
        let world = World::default().script("left", &[Act::LoseAnswer]).script("right", &[Act::Wait]);
        let fork = Fork { world: world.clone() };
        let orchestrator = Orchestrator::builder(data.open()).register(fork).build().await.unwrap();
        let handle = orchestrator.start::<Fork>(ID, ()).await.unwrap();
        world.called("right", 1).await;
        while orchestrator.inspect(ID).await.unwrap().parked.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(state_of(&orchestrator, ID).await, InstanceState::Running);
        orchestrator.resolve(ID, succeeded(json!(5))).await.unwrap();
        world.open();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!((world.count("left"), world.count("right")), (1, 1));
        orchestrator.shutdown().await;
    });
}

#[test]
fn what_is_resolved_without_a_place_waits_for_one_and_is_durable() {
    on_both(async |data| {
        let world =
            World::default().script("grant@it-1", &[Act::LoseAnswer]).script("take@other", &[Act::Wait]);
        let orchestrator = super::desk::builder(data.open(), &world).max_active(1).build().await.unwrap();
        let handle = start(&orchestrator, ID).await;
        let _ = handle.outcome().await.unwrap();
        let other = start(&orchestrator, "other").await;
        world.called("take", 2).await;
        orchestrator.resolve(ID, void()).await.unwrap();
        assert_eq!(handle.try_outcome().await.unwrap(), None);
        world.open();
        let _ = other.outcome().await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        orchestrator.shutdown().await;
    });
}
