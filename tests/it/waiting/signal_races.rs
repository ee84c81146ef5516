//! Signals that come at once, from several threads.

use std::time::Duration;

use sagas::StepState;
use sagas::journal::Event;
use sagas::prelude::*;
use sagas::store::StoreErrorKind;
use serde::{Deserialize, Deserializer, Serialize};

use super::loan::stands;
use crate::support::data::Data;
use crate::support::probe::{Asked, Plan};
use crate::support::soon;

/// How often others may run before something that goes round in circles would have shown.
const ROUNDS: usize = 500;

/// Somebody asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Question {
    by: u32,
}

/// Somebody answers. It takes a while to read.
#[derive(Debug, Clone, Serialize)]
struct Answer {
    by: u32,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::thread::sleep(Duration::from_millis(2));
        Question::deserialize(deserializer).map(|Question { by }| Self { by })
    }
}

/// A question and an answer in any order. None of them may be repeated.
#[derive(Debug, Clone)]
struct Talk;

#[saga(name = "talk")]
impl Talk {
    #[step(signal, after(), compensate = forget)]
    async fn answered(&self, signal: &Answer) -> Result<u32, StepError> {
        tokio::task::yield_now().await;
        Ok(signal.by)
    }

    #[step(signal, after(), compensate = forget)]
    async fn asked(&self, signal: &Question) -> Result<u32, StepError> {
        tokio::task::yield_now().await;
        Ok(signal.by)
    }

    async fn forget(&self, cx: &StepContext) -> Result<(), StepError> {
        let _ = cx;
        Ok(())
    }
}

/// The first question counts.
#[derive(Debug, Clone)]
struct Poll;

#[saga(name = "poll")]
impl Poll {
    #[step(signal, read_only)]
    async fn asked(&self, signal: &Question) -> Result<u32, StepError> {
        Ok(signal.by)
    }
}

async fn open() -> Orchestrator {
    let builder = Orchestrator::builder(MemoryStore::new()).register(Talk).register(Poll);
    builder.build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i6_a_signal_that_comes_while_an_instance_is_read_back_is_not_taken_for_one_that_was_lost() {
    let orchestrator = open().await;
    for round in 0..200 {
        let talk = orchestrator.start::<Talk>(format!("talk-{round}"), ()).await.unwrap();
        stands(&talk, 0, StepState::Waiting).await;
        stands(&talk, 1, StepState::Waiting).await;
        talk.signal("answer", Answer { by: 1 }).await.unwrap();
        // It is being read back for the answer, which takes a while.
        tokio::time::sleep(Duration::from_millis(round % 3)).await;
        talk.signal("question", Question { by: 2 }).await.unwrap();
        assert_eq!(soon(talk.outcome()).await.unwrap(), Outcome::Completed(2), "{}", talk.id());
    }
    orchestrator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i4_a_step_is_called_with_the_signal_that_the_journal_has_of_those_that_come_at_once() {
    let orchestrator = open().await;
    for round in 0..2_000 {
        let poll = orchestrator.start::<Poll>(format!("poll-{round}"), ()).await.unwrap();
        let sent = (1..=6).map(|by| {
            let poll = poll.clone();
            tokio::spawn(async move { poll.signal(format!("s-{by}"), Question { by }).await })
        });
        for sent in sent.collect::<Vec<_>>() {
            // Those after the first may be too late.
            let _ = sent.await.unwrap();
        }
        let Outcome::Completed(by) = soon(poll.outcome()).await.unwrap() else { panic!("{}", poll.id()) };
        let report = orchestrator.inspect(poll.id().as_str()).await.unwrap();
        let events = report.journal.into_iter().flat_map(|entry| entry.events.unwrap());
        let received = events.filter_map(|event| match event {
            Event::SignalReceived { id, .. } => Some(id),
            _ => None,
        });
        assert_eq!(received.collect::<Vec<_>>(), [format!("s-{by}")], "{}", poll.id());
    }
    orchestrator.shutdown().await;
}

/// The first question counts, while somebody takes his time for an answer.
#[derive(Debug, Clone)]
struct Survey;

#[saga(name = "survey")]
impl Survey {
    #[step(signal, after(), read_only)]
    async fn answered(&self, signal: &Answer) -> Result<u32, StepError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(signal.by)
    }

    #[step(signal, after(), read_only)]
    async fn asked(&self, signal: &Question) -> Result<u32, StepError> {
        Ok(signal.by)
    }
}

/// A survey that is read back for its answer, as if its first question came just then: what was read is without it,
/// and `and` follows before its signals are read once more.
async fn first_question_comes_late(
    and: impl Fn(&Plan) + Send + Sync + 'static,
) -> (Handle<Survey>, Plan, Orchestrator) {
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = Orchestrator::builder(store).register(Survey).build().await.unwrap();
    let survey = orchestrator.start::<Survey>("survey-1", ()).await.unwrap();
    stands(&survey, 0, StepState::Waiting).await;
    stands(&survey, 1, StepState::Waiting).await;
    plan.hold_only(&[Asked::Load]);
    survey.signal("answer", Answer { by: 7 }).await.unwrap();
    survey.signal("first", Question { by: 1 }).await.unwrap();
    let (hooked, before) = (plan.clone(), plan.loads());
    plan.on_load(move |stored| {
        if hooked.loads() == before + 1 {
            stored.signals.retain(|signal| signal.id == "answer");
            and(&hooked);
        }
    });
    plan.release();
    while plan.loads() == before {
        tokio::task::yield_now().await;
    }
    // Time goes on once nobody has anything else to do.
    tokio::time::sleep(Duration::from_millis(1)).await;
    (survey, plan, orchestrator)
}

#[tokio::test(start_paused = true)]
async fn i3_a_signal_that_comes_while_an_instance_is_read_back_comes_before_a_later_one() {
    let (survey, plan, orchestrator) = first_question_comes_late(|plan| plan.hold_only(&[Asked::Load])).await;
    survey.signal("second", Question { by: 2 }).await.unwrap();
    plan.release();
    assert_eq!(soon(survey.outcome()).await.unwrap(), Outcome::Completed(1));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i3_a_signal_that_could_not_be_read_when_an_instance_was_read_back_comes_before_a_later_one() {
    let failing = |plan: &Plan| plan.damage(StoreErrorKind::Io, &["survey-1"]);
    let (survey, plan, orchestrator) = first_question_comes_late(failing).await;
    survey.signal("second", Question { by: 2 }).await.unwrap();
    plan.damage(StoreErrorKind::Io, &[]);
    assert_eq!(soon(survey.outcome()).await.unwrap(), Outcome::Completed(1));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn signals_of_instances_that_are_read_back_together_are_read_together() {
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = Orchestrator::builder(store).register(Survey).build().await.unwrap();
    let mut surveys = Vec::new();
    for number in 0..100 {
        let survey = orchestrator.start::<Survey>(format!("survey-{number}"), ()).await.unwrap();
        stands(&survey, 1, StepState::Waiting).await;
        surveys.push(survey);
    }
    plan.hold_only(&[Asked::HandOut]);
    for survey in &surveys {
        survey.signal("answer", Answer { by: 7 }).await.unwrap();
    }
    let before = plan.loads();
    plan.release();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(matches!(plan.loads() - before, 2..5), "{} loads", plan.loads() - before);
    for survey in &surveys {
        survey.signal("question", Question { by: 1 }).await.unwrap();
        assert_eq!(soon(survey.outcome()).await.unwrap(), Outcome::Completed(1));
    }
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i18_an_instance_whose_signals_cannot_be_read_is_read_back_after_a_pause() {
    let store = Data::memory().open();
    let plan = store.plan();
    let orchestrator = Orchestrator::builder(store).register(Poll).build().await.unwrap();
    let poll = orchestrator.start::<Poll>("poll-1", ()).await.unwrap();
    stands(&poll, 0, StepState::Waiting).await;
    // Each time it is read back, what is read once more is not.
    plan.flicker(Some("poll-1"));
    let before = plan.loads();
    poll.signal("question", Question { by: 3 }).await.unwrap();
    for _ in 0..ROUNDS {
        tokio::task::yield_now().await;
    }
    assert_eq!(plan.loads() - before, 2, "no time has passed, and it was read back once");
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    let loads = plan.loads() - before;
    assert!((4..=22).contains(&loads), "once a second at most, and more than once: {loads}");
    plan.flicker(None);
    assert_eq!(soon(poll.outcome()).await.unwrap(), Outcome::Completed(3));
    orchestrator.shutdown().await;
}
