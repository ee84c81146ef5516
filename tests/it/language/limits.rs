//! `max_running`: so many attempts of a step at once, over all instances. Who finds no room stands in line, and
//! stands in nobody's way.

use std::time::Duration;

use sagas::InstanceState;
use sagas::prelude::*;

use crate::support::data::{Data, on_both};
use crate::support::soon;
use crate::support::world::{Act, World};

/// A slow service is called by two instances at once, between two that are not limited.
#[derive(Debug, Clone, Default)]
struct Slow {
    world: World,
}

#[saga(name = "slow")]
impl Slow {
    #[step(compensate = cancel, idempotent)]
    async fn open(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = take_back, idempotent, max_running = 2, retry(attempts = 4, initial = "10ms"), timeout = "1h")]
    async fn call(&self, cx: &StepContext, open: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *open)
    }
    async fn take_back(&self, cx: &StepContext, call: &u32) -> Result<(), StepError> {
        let _ = call;
        self.world.compensate(cx).await
    }

    #[step(compensate = reopen, idempotent)]
    async fn close(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn reopen(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// It has nothing to do with the slow service.
#[derive(Debug, Clone, Default)]
struct Quick {
    world: World,
}

#[saga(name = "quick")]
impl Quick {
    #[step(compensate = cancel, idempotent)]
    async fn look(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// One instance after the other calls it.
#[derive(Debug, Clone, Default)]
struct Narrow {
    world: World,
}

#[saga(name = "narrow", deadline = "10m")]
impl Narrow {
    #[step(compensate = cancel, idempotent)]
    async fn open(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(compensate = take_back, idempotent, max_running = 1, timeout = "1h", retry(attempts = 3, initial = "10s"))]
    async fn pass(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn take_back(&self, cx: &StepContext, pass: &u32) -> Result<(), StepError> {
        let _ = pass;
        self.world.compensate(cx).await
    }
}

/// The items of all instances share one limit.
#[derive(Debug, Clone, Default)]
struct Lines {
    world: World,
}

#[saga(name = "lines")]
impl Lines {
    #[step(for_each = lines, concurrency = 8, compensate = release, idempotent, max_running = 3, retry(attempts = 3, initial = "10ms"))]
    async fn reserve(&self, cx: &StepContext, item: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *item)
    }
    fn lines(&self, input: &u32) -> Vec<u32> {
        (0..*input).collect()
    }
    async fn release(&self, cx: &StepContext, item: &u32, reserve: &u32) -> Result<(), StepError> {
        assert_eq!(item, reserve, "its own output");
        self.world.compensate(cx).await
    }
}

fn builder(data: &Data, world: &World) -> sagas::Builder {
    Orchestrator::builder(data.open())
        .register(Slow { world: world.clone() })
        .register(Quick { world: world.clone() })
        .register(Narrow { world: world.clone() })
        .register(Lines { world: world.clone() })
}

async fn start<S: Saga<Input = ()>>(orchestrator: &Orchestrator, count: u32) -> Vec<Handle<S>> {
    let mut handles = Vec::new();
    for number in 0..count {
        handles.push(orchestrator.start::<S>(format!("it-{number:03}"), ()).await.unwrap());
    }
    handles
}

async fn all_complete<S: Saga<Output: std::fmt::Debug>>(handles: &[Handle<S>]) {
    for handle in handles {
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{}: {outcome:?}", handle.id());
    }
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn no_more_attempts_run_at_once_than_is_said_over_all_instances() {
    on_both(async |data| {
        let world = World::default()
            .script("call", &[Act::Wait, Act::Wait])
            .script("call", &[Act::Linger; 28])
            .script("call@it-003", &[Act::NotDone, Act::Linger])
            .script("call@it-007", &[Act::LoseAnswer, Act::NotDone, Act::Panic]);
        let orchestrator = builder(data, &world).build().await.unwrap();
        let handles = start::<Slow>(&orchestrator, 30).await;
        soon(world.called("call", 2)).await;
        settle().await;
        assert_eq!(world.count("call"), 2);
        world.open();
        all_complete(&handles).await;
        assert_eq!(world.serving_max("call"), 2, "over all of them");
        assert_eq!(world.count("call"), 30 + 1 + 3);
        assert_eq!(world.in_force().len(), 90);
        orchestrator.shutdown().await;
    });
}

#[test]
fn those_in_line_go_on_in_order_and_wait_for_all_that_run() {
    on_both(async |data| {
        let world = World::default().script("pass@it-000", &[Act::Wait]);
        let orchestrator = builder(data, &world).build().await.unwrap();
        let handles = start::<Narrow>(&orchestrator, 20).await;
        soon(world.called("open", 20)).await;
        settle().await;
        assert_eq!(world.count("pass"), 1);
        for handle in &handles[1..] {
            assert_eq!(handle.status().await.unwrap().state, InstanceState::Running);
            assert_eq!(handle.try_outcome().await.unwrap(), None);
        }
        world.open();
        all_complete(&handles).await;
        let passed = world.seen().into_iter().filter(|call| call.what == "pass");
        let passed: Vec<_> = passed.map(|call| call.instance).collect();
        let ids: Vec<_> = handles.iter().map(|handle| handle.id().to_string()).collect();
        assert_eq!(passed, ids);
        orchestrator.shutdown().await;
    });
}

#[test]
fn one_dead_service_does_not_hold_up_the_other_sagas() {
    on_both(async |data| {
        let world = World::default().script("call", &[Act::Wait; 40]);
        let orchestrator = builder(data, &world).max_active(4).build().await.unwrap();
        let slow = start::<Slow>(&orchestrator, 40).await;
        soon(world.called("call", 2)).await;
        for number in 0..40 {
            let handle = orchestrator.start::<Quick>(format!("quick-{number}"), ()).await.unwrap();
            all_complete(&[handle]).await;
        }
        assert_eq!(world.count("call"), 2);
        world.open();
        all_complete(&slow).await;
        assert_eq!((world.count("call"), world.serving_max("call")), (40, 2));
        orchestrator.shutdown().await;
    });
}

#[test]
fn one_dead_service_does_not_hold_up_the_other_sagas_though_deadlines_pass_in_its_line() {
    on_both(async |data| {
        let world = World::default().script("pass", &[Act::Wait]);
        let orchestrator = builder(data, &world).max_active(2).build().await.unwrap();
        let narrow = start::<Narrow>(&orchestrator, 10).await;
        soon(world.called("pass", 1)).await;
        for number in 0..10 {
            let handle = orchestrator.start::<Quick>(format!("quick-{number}"), ()).await.unwrap();
            all_complete(&[handle]).await;
        }
        world.open();
        all_complete(&narrow).await;
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_attempt_that_waits_to_be_tried_again_holds_no_permit_and_takes_one_again() {
    on_both(async |data| {
        // The second is called while the first waits, and runs when the first is to be tried again.
        let world = World::default()
            .script("call@it-000", &[Act::NotDone, Act::NotDone])
            .script("call@it-001", &[Act::Wait])
            .script("call@it-002", &[Act::Wait]);
        let orchestrator = builder(data, &world).build().await.unwrap();
        let handles = start::<Slow>(&orchestrator, 3).await;
        soon(world.called("call@", 0)).await;
        while world.seen().iter().filter(|call| call.what == "call" && call.instance != "it-000").count() < 2
        {
            tokio::task::yield_now().await;
        }
        if let Data::Memory(_) = data {
            // Past its backoff, many times over.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        settle().await;
        assert_eq!(handles[0].try_outcome().await.unwrap(), None, "there is no room for it");
        assert_eq!(world.serving_max("call"), 2);
        world.open();
        all_complete(&handles).await;
        assert_eq!(world.serving_max("call"), 2);
        assert_eq!(world.count("call"), 5);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_line_is_there_again_after_a_restart() {
    on_both(async |data| {
        let world = World::default().script("call", &[Act::Hang; 2]);
        let first = builder(data, &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        start::<Slow>(&first, 30).await;
        soon(world.called("open", 30)).await;
        soon(world.called("call", 2)).await;
        settle().await;
        first.shutdown().await;
        assert_eq!(world.count("call"), 2);

        let world = world.script("call", &[Act::Linger; 30]);
        let second = builder(data, &world).max_active(5).build().await.unwrap();
        let handles: Vec<_> =
            (0..30).map(|number| second.handle::<Slow>(format!("it-{number:03}"))).collect();
        all_complete(&handles).await;
        assert_eq!(world.serving_max("call"), 2);
        assert_eq!((world.count("open"), world.count("call")), (30, 32));
        second.shutdown().await;
    });
}

#[test]
fn i8_an_instance_whose_attempt_is_refused_lets_the_next_one_in() {
    on_both(async |data| {
        let acts = [Act::Reject, Act::Linger, Act::Reject, Act::Reject, Act::Linger, Act::Reject];
        let world = World::default().script("pass", &acts);
        let orchestrator = builder(data, &world).max_active(3).build().await.unwrap();
        let handles = start::<Narrow>(&orchestrator, 6).await;
        let mut completed = 0;
        for handle in &handles {
            match soon(handle.outcome()).await.unwrap() {
                Outcome::Completed(_) => completed += 1,
                Outcome::Compensated(failure) => assert_eq!(failure.step, Some(NarrowStep::Pass)),
                Outcome::Parked(parked) => panic!("{parked}"),
            }
        }
        assert_eq!(completed, 2);
        assert_eq!(world.serving_max("pass"), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_items_of_all_instances_share_the_limit() {
    on_both(async |data| {
        let world = World::default()
            .script("reserve", &[Act::Wait; 3])
            .script("reserve", &[Act::Linger; 57])
            .script("reserve/3", &[Act::NotDone, Act::LoseAnswer]);
        let orchestrator = builder(data, &world).max_active(2).build().await.unwrap();
        let mut handles = Vec::new();
        for number in 0..6 {
            handles.push(orchestrator.start::<Lines>(format!("it-{number}"), 10).await.unwrap());
        }
        soon(world.called("reserve", 3)).await;
        settle().await;
        assert_eq!(world.count("reserve"), 3);
        world.open();
        for handle in &handles {
            let outcome = soon(handle.outcome()).await.unwrap();
            assert_eq!(outcome, Outcome::Completed((0..10).collect::<Vec<u32>>()));
        }
        assert_eq!(world.serving_max("reserve"), 3);
        assert_eq!((world.count("reserve"), world.in_force().len()), (62, 60));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_settling_an_item_takes_its_turn_like_any_other_attempt() {
    on_both(async |data| {
        let world = World::default()
            .script("reserve", &[Act::Linger; 40])
            .script("reserve/4", &[Act::LoseAnswer; 3])
            .script("reserve/5", &[Act::LoseRequest; 3]);
        let orchestrator = builder(data, &world).build().await.unwrap();
        let mut handles = Vec::new();
        for number in 0..4 {
            handles.push(orchestrator.start::<Lines>(format!("it-{number}"), 8).await.unwrap());
        }
        for handle in &handles {
            let outcome = soon(handle.outcome()).await.unwrap();
            assert!(!matches!(outcome, Outcome::Parked(_)), "{outcome:?}");
        }
        assert!(world.serving_max("reserve") <= 3);
        let completed = world.in_force().len();
        assert_eq!(completed % 8, 0, "all of an instance or nothing: {completed}");
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn a_deadline_passes_while_an_instance_stands_in_line() {
    let (data, world) = (Data::memory(), World::default().script("pass@it-000", &[Act::Wait]));
    let orchestrator = builder(&data, &world).build().await.unwrap();
    let handles = start::<Narrow>(&orchestrator, 4).await;
    soon(world.called("open", 4)).await;
    for handle in &handles[1..] {
        let outcome = tokio::time::timeout(Duration::from_secs(11 * 60), handle.outcome()).await;
        let Ok(Ok(Outcome::Compensated(failure))) = outcome else { panic!("{outcome:?}") };
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Deadline));
    }
    assert_eq!(world.count("pass"), 1);
    // The first is cut too: what was called is awaited, and then compensated.
    world.open();
    let outcome = soon(handles[0].outcome()).await.unwrap();
    assert!(matches!(&outcome, Outcome::Compensated(f) if f.kind == FailureKind::Deadline), "{outcome:?}");
    assert_eq!((world.count("pass"), world.count("open/compensate")), (1, 4));
    assert!(world.in_force().is_empty());
    // Those who left the line do not keep it.
    let handle = orchestrator.start::<Narrow>("later", ()).await.unwrap();
    assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_never_answers_is_given_up_and_gives_its_permit_back() {
    let world = World::default().script("call@it-000", &[Act::Hang]).script("call@it-001", &[Act::Hang]);
    let orchestrator = builder(&Data::memory(), &world).build().await.unwrap();
    let handles = start::<Slow>(&orchestrator, 6).await;
    for handle in &handles {
        let outcome = tokio::time::timeout(Duration::from_secs(3 * 3600), handle.outcome()).await;
        assert!(matches!(outcome, Ok(Ok(Outcome::Completed(_)))), "{outcome:?}");
    }
    assert_eq!((world.count("call"), world.serving_max("call")), (8, 2));
    orchestrator.shutdown().await;
}
