//! What waits for a time goes on when that has come: in the same life or in the next, outside memory meanwhile.

use std::time::Duration;

use sagas::prelude::*;
use sagas::store::{StoreErrorKind, Write};
use sagas::{InstanceState, StepState};

use super::express::Express;
use super::family::Part;
use super::loan::{APPROVED, Loan, LoanStep, SIGNED, stands};
use super::reminder::Reminder;
use super::{DAY, in_time, pass};
use crate::support::clock::SetClock;
use crate::support::data::{Data, on_both};
use crate::support::probe::Moment;
use crate::support::soon;
use crate::support::world::{Act, World};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

async fn open(data: &Data, world: &World, clock: &SetClock, max_active: usize) -> Orchestrator {
    Orchestrator::builder(data.open_once_free().await)
        .register(Reminder { world: world.clone() })
        .register(Loan { world: world.clone() })
        .register(Express { world: world.clone() })
        .register(Part { world: world.clone() })
        .register(Alarm { world: world.clone() })
        .clock(clock.clone())
        .max_active(max_active)
        .shutdown_grace(Duration::ZERO)
        .build()
        .await
        .unwrap()
}

/// Ends this life, lets `away` pass, and begins the next.
async fn sleep(
    orchestrator: Orchestrator,
    data: &Data,
    world: &World,
    clock: &SetClock,
    away: Duration,
) -> Orchestrator {
    orchestrator.shutdown().await;
    clock.set(|now| now + away);
    open(data, world, clock, 8).await
}

/// Rings in ten minutes.
#[derive(Debug, Clone)]
struct Alarm {
    world: World,
}

#[saga(name = "alarm")]
impl Alarm {
    #[step(read_only, delay = "10m")]
    async fn ring(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
}

#[test]
fn i4_a_delay_goes_on_in_the_next_life_where_it_was() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default(), SetClock::new());
        let first = open(&data, &world, &clock, 8).await;
        let reminder = first.start::<Reminder>("it-1", ()).await.unwrap();
        stands(&reminder, 1, StepState::Waiting).await;
        let second = sleep(first, &data, &world, &clock, 15 * MINUTE).await;
        pass(3 * MINUTE).await;
        assert_eq!((world.count("look"), world.count("wait")), (1, 0), "eighteen minutes of twenty");
        pass(2 * MINUTE).await;
        assert_eq!(world.count("wait"), 1);
        assert!(matches!(second.handle::<Reminder>("it-1").outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.calls(), ["note", "look", "wait", "remind"]);
        second.shutdown().await;
    }));
}

#[test]
fn i4_a_backoff_goes_on_in_the_next_life_where_it_was() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default().script("note", &[Act::NotDone; 2]), SetClock::new());
        let mut orchestrator = open(&data, &world, &clock, 8).await;
        let reminder = orchestrator.start::<Reminder>("it-1", ()).await.unwrap();
        stands(&reminder, 0, StepState::Waiting).await;
        for called in 1..=2 {
            orchestrator = sleep(orchestrator, &data, &world, &clock, 3 * MINUTE).await;
            pass(MINUTE).await;
            assert_eq!(world.count("note"), called, "four minutes of five");
            pass(MINUTE).await;
            assert_eq!(world.count("note"), called + 1);
        }
        let reminder = orchestrator.handle::<Reminder>("it-1");
        stands(&reminder, 0, StepState::Succeeded).await;
        orchestrator.shutdown().await;
    }));
}

#[test]
fn i4_the_time_to_wait_for_a_signal_goes_on_in_the_next_life_where_it_was() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default(), SetClock::new());
        let first = open(&data, &world, &clock, 8).await;
        let loan = first.start::<Loan>("it-1", 1).await.unwrap();
        stands(&loan, 1, StepState::Waiting).await;
        let second = sleep(first, &data, &world, &clock, 2 * DAY).await;
        let loan = second.handle::<Loan>("it-1");
        pass(20 * HOUR).await;
        assert_eq!(loan.try_outcome().await.unwrap(), None, "two days and twenty hours of three days");
        pass(4 * HOUR).await;
        let Some(Outcome::Compensated(failure)) = loan.try_outcome().await.unwrap() else {
            panic!("nobody approved")
        };
        assert_eq!(failure.step, Some(LoanStep::Approved));
        second.shutdown().await;
    }));
}

#[test]
fn i4_a_deadline_goes_on_in_the_next_life_where_it_was() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (world, clock) = (World::default().script("order", &[Act::NotDone; 90]), SetClock::new());
        let first = open(&data, &world, &clock, 8).await;
        let express = first.start::<Express>("it-1", ()).await.unwrap();
        stands(&express, 0, StepState::Waiting).await;
        let second = sleep(first, &data, &world, &clock, 50 * MINUTE).await;
        let express = second.handle::<Express>("it-1");
        pass(8 * MINUTE).await;
        assert_eq!(express.try_outcome().await.unwrap(), None, "58 minutes of an hour");
        pass(2 * MINUTE).await;
        let Some(Outcome::Compensated(failure)) = express.try_outcome().await.unwrap() else {
            panic!("it is too late")
        };
        assert_eq!((failure.step, failure.kind), (None, FailureKind::Deadline));
        second.shutdown().await;
    }));
}

#[test]
fn what_was_due_while_nobody_was_there_goes_on_at_once() {
    on_both(async |data| {
        let (world, clock) = (
            World::default().script("note@backoff", &[Act::NotDone]).script("order", &[Act::NotDone; 90]),
            SetClock::new(),
        );
        let first = open(data, &world, &clock, 8).await;
        let delay = first.start::<Reminder>("delay", ()).await.unwrap();
        let backoff = first.start::<Reminder>("backoff", ()).await.unwrap();
        let within = first.start::<Loan>("within", 1).await.unwrap();
        let deadline = first.start::<Express>("deadline", ()).await.unwrap();
        stands(&delay, 1, StepState::Waiting).await;
        stands(&backoff, 0, StepState::Waiting).await;
        stands(&within, 1, StepState::Waiting).await;
        stands(&deadline, 0, StepState::Waiting).await;
        let second = sleep(first, data, &world, &clock, 4 * DAY).await;
        assert!(matches!(second.handle::<Reminder>("delay").outcome().await.unwrap(), Outcome::Completed(_)));
        world.called("note", 3).await;
        let within = second.handle::<Loan>("within").outcome().await.unwrap();
        assert!(matches!(within, Outcome::Compensated(_)), "{within:?}");
        let deadline = second.handle::<Express>("deadline").outcome().await.unwrap();
        assert!(matches!(deadline, Outcome::Compensated(_)), "{deadline:?}");
        assert_eq!(world.count("order"), 1);
        second.shutdown().await;
    });
}

#[test]
fn i3_a_signal_that_came_in_time_counts_though_nobody_was_there_to_hear_it() {
    for data in Data::both() {
        let world = World::default();
        let life = data.runtime();
        life.block_on(soon(async {
            let store = data.open();
            let plan = store.plan();
            let orchestrator = super::loan::open(store, &world).await;
            let loan = orchestrator.start::<Loan>("it-1", 1).await.unwrap();
            stands(&loan, 1, StepState::Waiting).await;
            // The signal is kept; what comes of it is lost.
            plan.crash(plan.commits() + 2, Moment::Before);
            loan.signal("a", APPROVED).await.unwrap();
            plan.crashed().await;
        }));
        life.shutdown_background();
        data.runtime().block_on(soon(async {
            let clock = SetClock::new();
            let now = std::time::SystemTime::now();
            clock.set(|_| now + 4 * DAY);
            let orchestrator = open(&data, &world, &clock, 8).await;
            let loan = orchestrator.handle::<Loan>("it-1");
            loan.signal("s", SIGNED).await.unwrap();
            assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn what_waits_for_a_time_leaves_its_place_to_others() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default().script("note", &[Act::NotDone]).script("order", &[Act::NotDone]);
        let clock = SetClock::new();
        let orchestrator = open(&data, &world, &clock, 1).await;
        let reminder = orchestrator.start::<Reminder>("it-1", ()).await.unwrap();
        let express = orchestrator.start::<Express>("it-2", ()).await.unwrap();
        for (waits, number) in [(0, 1), (1, 2)] {
            stands(&reminder, waits, StepState::Waiting).await;
            if waits == 0 {
                stands(&express, 0, StepState::Waiting).await;
            }
            let other = orchestrator.start::<Part>(format!("part-{number}"), 1).await.unwrap();
            assert!(matches!(soon(other.outcome()).await.unwrap(), Outcome::Completed(_)));
            assert_eq!(reminder.status().await.unwrap().state, InstanceState::Running);
            pass(5 * MINUTE).await;
        }
        assert!(matches!(reminder.outcome().await.unwrap(), Outcome::Completed(_)));
        assert!(matches!(express.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.active_max(), 1);
        orchestrator.shutdown().await;
    }));
}

#[test]
fn i13_thousands_that_are_due_at_once_are_all_woken() {
    const ALARMS: usize = 2_000;
    on_both(async |data| {
        let (world, clock) = (World::default(), SetClock::new());
        let first = open(data, &world, &clock, 64).await;
        let mut starting = tokio::task::JoinSet::new();
        for number in 0..ALARMS {
            let first = first.clone();
            starting.spawn(async move { first.start::<Alarm>(format!("it-{number}"), ()).await.unwrap() });
        }
        let handles = starting.join_all().await;
        for handle in &handles {
            stands(handle, 0, StepState::Waiting).await;
        }
        assert_eq!(world.count("ring"), 0);
        let second = sleep(first, data, &world, &clock, 11 * MINUTE).await;
        world.called("ring", ALARMS).await;
        for number in 0..ALARMS {
            let outcome = second.handle::<Alarm>(format!("it-{number}")).outcome().await.unwrap();
            assert!(matches!(outcome, Outcome::Completed(_)), "{number}: {outcome:?}");
        }
        assert_eq!(world.count("ring"), ALARMS, "each once");
        second.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn i19_what_is_due_and_is_handed_out_without_a_word_goes_on() {
    let (world, store) = (World::default(), Data::memory().open());
    let plan = store.plan();
    let builder = Orchestrator::builder(store).register(Reminder { world: world.clone() });
    let orchestrator = builder.clock(SetClock::new()).build().await.unwrap();
    let began = tokio::time::Instant::now();
    let handle = orchestrator.start::<Reminder>("reminder", ()).await.unwrap();
    plan.lose_hand_outs(2);
    assert!(matches!(in_time(handle.outcome()).await.unwrap(), Outcome::Completed(_)));
    assert_eq!(plan.hand_outs_to_lose(), 0);
    assert!(began.elapsed() < 22 * MINUTE, "it took {:?}", began.elapsed());
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn i19_what_is_due_before_its_worker_knows_that_it_waits_goes_on() {
    let (world, store) = (World::default(), Data::memory().open());
    let plan = store.plan();
    // That it waits is written without a word, and cannot be read back: its worker keeps it in memory.
    plan.on_append({
        let plan = plan.clone();
        move |batch, moment| {
            let lets_wait = |write: &Write| {
                matches!(write, Write::Append { progress: Some(progress), .. } if progress.due.is_some())
            };
            match moment {
                Moment::Before if batch.iter().any(lets_wait) => {
                    plan.fail(1, &[Moment::After]);
                }
                Moment::After if batch.iter().any(lets_wait) => {
                    plan.damage(StoreErrorKind::Io, &["reminder"]);
                }
                _ => {}
            }
        }
    });
    let builder = Orchestrator::builder(store).register(Reminder { world: world.clone() });
    let orchestrator = builder.clock(SetClock::new()).build().await.unwrap();
    let handle = orchestrator.start::<Reminder>("reminder", ()).await.unwrap();
    plan.lose_hand_outs(1);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(plan.hand_outs_to_lose(), 0, "it was due");
    plan.on_append(|_, _| {});
    plan.damage(StoreErrorKind::Io, &[]);
    let outcome = tokio::time::timeout(HOUR, handle.outcome()).await.expect("nobody drives it");
    assert!(matches!(outcome.unwrap(), Outcome::Completed(_)));
    orchestrator.shutdown().await;
}
