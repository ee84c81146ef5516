//! What runs without a store ends as it does under an orchestrator.

use std::time::Duration;

use sagas::inline;
use sagas::prelude::*;

use crate::support::answers::{Answers, Notes};
use crate::support::data::Data;
use crate::support::lives::ID;
use crate::support::world::{Act, World};

/// A delivery: conditional, in parts, delayed, and within an hour.
#[derive(Debug, Clone)]
struct Delivery {
    world: World,
    is_fragile: Answers<bool>,
    parts: Answers<Vec<u32>>,
    notes: Notes,
}

impl Delivery {
    fn new(is_fragile: Answers<bool>, parts: Answers<Vec<u32>>) -> Self {
        Self { world: World::default(), is_fragile, parts, notes: Notes::default() }
    }

    fn script(mut self, step: &str, acts: &[Act]) -> Self {
        self.world = self.world.script(step, acts);
        self
    }
}

#[saga(name = "delivery", deadline = "1h", output = carried)]
impl Delivery {
    #[step(compensate = unwrap, idempotent, when = is_fragile, retry(attempts = 2, initial = "1s"))]
    async fn wrap(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *input)
    }
    fn is_fragile(&self, input: &u32) -> bool {
        assert_eq!(*input, 3, "what the method is given");
        self.is_fragile.next()
    }
    async fn unwrap(&self, cx: &StepContext, wrap: &u32) -> Result<(), StepError> {
        self.notes.add(format!("unwrap {wrap}"));
        self.world.compensate(cx).await
    }

    #[step(delay = "10m", compensate = unload, idempotent, after(), retry(attempts = unlimited, initial = "1m", max = "1m"), timeout = "2m")]
    async fn load(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn unload(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(for_each = parts, concurrency = 2, compensate = bring_back, idempotent, output = carried, retry(attempts = 2, initial = "1s"))]
    async fn carry(&self, cx: &StepContext, item: &u32, wrap: Option<&u32>) -> Result<String, StepError> {
        self.world.forward(cx).await.map(|_| format!("part {item} of {wrap:?}"))
    }
    fn parts(&self, wrap: Option<&u32>) -> Vec<u32> {
        let _ = wrap;
        self.parts.next()
    }
    async fn bring_back(&self, cx: &StepContext, item: &u32, carried: &String) -> Result<(), StepError> {
        self.notes.add(format!("bring back {item}: {carried}"));
        self.world.compensate(cx).await
    }

    #[step(read_only)]
    async fn sign(&self, cx: &StepContext, carried: &[String]) -> Result<(), StepError> {
        self.notes.add(format!("sign {}", carried.join(", ")));
        self.world.forward(cx).await.map(|_| ())
    }
}

/// What an outcome says but for the time.
fn told(outcome: &Outcome<Delivery>) -> String {
    match outcome {
        Outcome::Parked(parked) => {
            format!("{:?} {:?} {:?} {}", parked.step, parked.item, parked.reason, parked.message)
        }
        other => format!("{other:?}"),
    }
}

fn stories() -> Vec<(&'static str, &'static str, Delivery)> {
    let of =
        |fragile, parts: u32| Delivery::new(Answers::always(fragile), Answers::always((0..parts).collect()));
    let panics = || Delivery::new(Answers::new([None]), Answers::always(vec![1]));
    let lists = |list| Delivery::new(Answers::always(true), Answers::new([list]));
    vec![
        ("all succeed", "Completed([\"part 0 of Some(3)\"", of(true, 3)),
        ("skipped", "Completed([\"part 0 of None\"", of(false, 3)),
        ("no parts", "Completed([])", of(true, 0)),
        (
            "retried",
            "Completed",
            of(true, 3).script("carry/1", &[Act::LoseAnswer]).script("load", &[Act::Hang]),
        ),
        ("refused", "Rejected", of(true, 5).script("carry/1", &[Act::Reject])),
        ("in doubt", "InDoubt", of(true, 2).script("carry/1", &[Act::LoseAnswer, Act::LoseAnswer])),
        ("refused at the end", "Rejected", of(true, 3).script("sign", &[Act::Reject])),
        ("too late", "Deadline", of(true, 3).script("load", &[Act::NotDone; 90])),
        ("too late, in doubt", "Deadline", of(false, 3).script("load", &[Act::LoseAnswer; 90])),
        ("the condition panics", "Panicked", panics()),
        ("the list panics", "Panicked", lists(None)),
        ("too many", "TooManyItems", lists(Some(vec![0; 10_001]))),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_delivery_ends_as_it_does_under_an_orchestrator() {
    let hours = Duration::from_secs(10 * 3600);
    for ((what, says, alone), (_, _, driven)) in stories().into_iter().zip(stories()) {
        let outcome = tokio::time::timeout(hours, inline::run_as(ID, &alone, 3)).await.expect(what);
        let builder = Orchestrator::builder(Data::memory().open()).register(driven.clone());
        let orchestrator = builder.build().await.unwrap();
        let handle = orchestrator.start::<Delivery>(ID, 3).await.unwrap();
        let expected = tokio::time::timeout(hours, handle.outcome()).await.expect(what).unwrap();
        orchestrator.shutdown().await;
        assert_eq!(told(&outcome), told(&expected), "{what}");
        assert!(told(&outcome).contains(says), "{what}: {outcome:?}");
        let calls = |delivery: &Delivery| {
            let mut calls = delivery.world.seen();
            calls.sort_by(|one, other| (&one.key, one.attempt).cmp(&(&other.key, other.attempt)));
            calls
        };
        assert_eq!(calls(&alone), calls(&driven), "{what}: calls, keys and attempts");
        assert_eq!(alone.world.in_force(), driven.world.in_force(), "{what}");
        let notes = |delivery: &Delivery| {
            let mut notes = delivery.notes.all();
            notes.sort();
            notes
        };
        assert_eq!(notes(&alone), notes(&driven), "{what}");
        if matches!(outcome, Outcome::Compensated(_)) {
            assert!(alone.world.in_force().iter().all(|key| key.ends_with("/sign")), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_and_a_deadline_are_waited_for() {
    let before = tokio::time::Instant::now();
    let delivery = stories().swap_remove(0).2;
    let outcome = inline::run(&delivery, 3).await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(before.elapsed().as_secs(), 600, "simulated");

    let before = tokio::time::Instant::now();
    let delivery = stories().into_iter().find(|story| story.0 == "too late").unwrap().2;
    let outcome = inline::run(&delivery, 3).await;
    assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
    assert_eq!(before.elapsed().as_secs(), 3600, "simulated");
}
