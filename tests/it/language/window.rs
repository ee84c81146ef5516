//! `idempotent(within = ..)`: a service that remembers keys for a while. After that a call in doubt is not made
//! again: it is checked, or a person looks.

use std::time::Duration;

use sagas::prelude::*;

use crate::support::clock::SetClock;
use crate::support::data::Data;
use crate::support::lives::ID;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

const MINUTE: Duration = Duration::from_secs(60);

/// Each service knows keys for an hour and is called every 25 minutes: three calls are within the hour, the fourth
/// is not.
#[derive(Debug, Clone)]
struct Forgetful {
    world: World,
}

#[saga(name = "forgetful")]
impl Forgetful {
    #[step(
        compensate = cancel,
        idempotent(within = "1h"),
        in_doubt = check(find),
        retry(attempts = unlimited, initial = "25m", factor = 1, max = "25m", jitter = false)
    )]
    async fn order(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn find(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.world.check(cx).await
    }
    async fn cancel(&self, cx: &StepContext, order: &u32) -> Result<(), StepError> {
        assert!(*order > 0, "its own output");
        self.world.compensate(cx).await
    }

    // There is nobody to ask.
    #[step(pivot, idempotent(within = "1h"), retry(initial = "25m", factor = 1, max = "25m", jitter = false))]
    async fn ship(&self, cx: &StepContext, order: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *order)
    }
}

/// The items of a step, each with an hour of its own.
#[derive(Debug, Clone)]
struct Lines {
    world: World,
}

#[saga(name = "lines")]
impl Lines {
    #[step(
        for_each = lines,
        concurrency = 1,
        compensate = release,
        idempotent(within = "1h"),
        in_doubt = check(find),
        retry(attempts = unlimited, initial = "25m", factor = 1, max = "25m", jitter = false)
    )]
    async fn reserve(&self, cx: &StepContext, item: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *item)
    }
    fn lines(&self) -> Vec<u32> {
        vec![7, 8]
    }
    async fn find(&self, cx: &StepContext, item: &u32) -> Result<Checked<u32>, StepError> {
        Ok(match self.world.check(cx).await? {
            Checked::Done(_) => Checked::Done(*item),
            other => other,
        })
    }
    async fn release(&self, cx: &StepContext, item: &u32, reserve: &u32) -> Result<(), StepError> {
        assert_eq!(item, reserve, "its own output");
        self.world.compensate(cx).await
    }
}

async fn open(data: &Data, world: &World, clock: &SetClock) -> Orchestrator {
    Orchestrator::builder(data.open())
        .register(Forgetful { world: world.clone() })
        .register(Lines { world: world.clone() })
        .clock(clock.clone())
        .shutdown_grace(Duration::ZERO)
        .build()
        .await
        .unwrap()
}

/// The outcome, however long it takes.
async fn outcome<S: Saga>(handle: &Handle<S>) -> Outcome<S> {
    let hours = Duration::from_secs(100 * 3600);
    tokio::time::timeout(hours, handle.outcome()).await.expect("it hangs").unwrap()
}

/// Runs an order to its end or until it is parked.
async fn run(world: &World) -> Outcome<Forgetful> {
    let orchestrator = open(&Data::memory(), world, &SetClock::new()).await;
    let handle = orchestrator.start::<Forgetful>(ID, ()).await.unwrap();
    let outcome = outcome(&handle).await;
    orchestrator.shutdown().await;
    outcome
}

#[tokio::test(start_paused = true)]
async fn within_its_time_a_step_in_doubt_is_called_again_and_after_that_it_is_checked() {
    let world = World::default().script("order", &[Act::LoseAnswer; 2]);
    assert_eq!(run(&world).await, Outcome::Completed(1));
    assert_eq!((world.count("order"), world.count("order/check")), (3, 0), "the third is within the hour");

    let world = World::default().script("order", &[Act::LoseAnswer; 3]);
    assert_eq!(run(&world).await, Outcome::Completed(1));
    assert_eq!((world.count("order"), world.count("order/check")), (3, 1), "the fourth is not");

    let world = World::default().script("order", &[Act::LoseRequest; 3]);
    let outcome = run(&world).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (Some(ForgetfulStep::Order), FailureKind::NotDone));
    assert_eq!((world.count("order"), world.count("order/check")), (3, 1));
    assert_eq!(world.count("order/compensate"), 0, "it was not done");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_known_not_to_be_done_is_called_again_however_late() {
    let world = World::default().script("order", &[Act::NotDone; 6]);
    assert_eq!(run(&world).await, Outcome::Completed(1));
    assert_eq!((world.count("order"), world.count("order/check")), (7, 0), "there is no doubt");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_be_asked_it_parks_in_doubt_and_retry_calls_it_again() {
    let world = World::default().script("ship", &[Act::LoseAnswer; 4]);
    let (data, clock) = (Data::memory(), SetClock::new());
    let orchestrator = open(&data, &world, &clock).await;
    let handle = orchestrator.start::<Forgetful>(ID, ()).await.unwrap();
    let parked = outcome(&handle).await;
    let Outcome::Parked(parked) = parked else { panic!("{parked:?}") };
    assert_eq!((parked.step, parked.reason), (ForgetfulStep::Ship, ParkReason::InDoubt));
    assert_eq!((parked.attempts, world.count("ship")), (3, 3));
    // Who says retry has looked: the key counts as known from then on.
    orchestrator.resolve(ID, retry()).await.unwrap();
    assert_eq!(outcome(&handle).await, Outcome::Completed(1));
    assert_eq!(world.count("ship"), 5);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i14_an_attempt_that_died_is_called_again_within_its_time_and_checked_after_it() {
    for (away, calls, checks) in [(30, 2, 0), (65, 1, 1)] {
        let world = World::default().script("order", &[Act::Hang]);
        let (data, clock) = (Data::memory(), SetClock::new());
        let first = open(&data, &world, &clock).await;
        first.start::<Forgetful>(ID, ()).await.unwrap();
        soon(world.called("order", 1)).await;
        first.shutdown().await;
        clock.set(|now| now + away * MINUTE);

        let second = open(&data, &world, &clock).await;
        // It is tried again after the policy's wait: that is within the hour, or the hour is over by now.
        let handle = second.handle::<Forgetful>(ID);
        let outcome = outcome(&handle).await;
        assert_eq!(outcome, Outcome::Completed(1), "away for {away} minutes");
        let counts = (world.count("order"), world.count("order/check"));
        assert_eq!(counts, (calls, checks), "away for {away} minutes");
        second.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i26_a_clock_that_went_back_counts_as_time_that_has_passed() {
    for (back, calls, checks) in [(Duration::ZERO, 2, 0), (24 * 60 * MINUTE, 1, 1)] {
        let world = World::default().script("order", &[Act::Hang]);
        let (data, clock) = (Data::memory(), SetClock::new());
        let first = open(&data, &world, &clock).await;
        first.start::<Forgetful>(ID, ()).await.unwrap();
        soon(world.called("order", 1)).await;
        first.shutdown().await;
        clock.set(|now| now - back);

        let second = open(&data, &world, &clock).await;
        let outcome = outcome(&second.handle::<Forgetful>(ID)).await;
        assert_eq!(outcome, Outcome::Completed(1), "back by {back:?}");
        let counts = (world.count("order"), world.count("order/check"));
        assert_eq!(counts, (calls, checks), "back by {back:?}");
        second.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_item_has_its_time_from_its_own_first_call() {
    // The first takes its hour; the second is called when that is over, and again twice.
    let world = World::default()
        .script("reserve/0", &[Act::LoseAnswer; 3])
        .script("reserve/1", &[Act::LoseAnswer; 2]);
    let orchestrator = open(&Data::memory(), &world, &SetClock::new()).await;
    let handle = orchestrator.start::<Lines>(ID, ()).await.unwrap();
    assert_eq!(outcome(&handle).await, Outcome::Completed(vec![7, 8]));
    let checked: Vec<_> = world.seen().into_iter().filter(|call| call.what == "reserve/check").collect();
    assert_eq!(checked.len(), 1, "the second was within its hour");
    assert_eq!(checked[0].step_key, format!("lines/{ID}/reserve/0"));
    assert_eq!(world.count("reserve"), 6);
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_in_doubt_for_too_long_is_asked_after_until_the_service_knows() {
    let world = World::default()
        .script("reserve/0", &[Act::LoseAnswer; 3])
        .script("reserve/1", &[Act::LoseRequest; 3])
        .script("reserve/0/check", &[Act::NotDone])
        .script("reserve/1/check", &[Act::NotDone, Act::LoseAnswer]);
    let orchestrator = open(&Data::memory(), &world, &SetClock::new()).await;
    let handle = orchestrator.start::<Lines>(ID, ()).await.unwrap();
    let outcome = outcome(&handle).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.item), (Some(LinesStep::Reserve), Some(1)));
    assert_eq!((world.count("reserve"), world.count("reserve/check")), (6, 2 + 3));
    assert_eq!(world.count("reserve/compensate"), 1, "the one that was done");
    assert!(world.in_force().is_empty());
    orchestrator.shutdown().await;
}
