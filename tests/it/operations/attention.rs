//! Telling somebody that an instance needs a person.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use sagas::prelude::*;
use sagas::{Filter, InstanceState, InstanceSummary};

use super::desk::{Desk, builder, open, start};
use super::scenes::ID;
use crate::support::data::{Data, on_both};
use crate::support::world::{Act, World};
use crate::support::{poll_times, retry, soon};
use crate::waiting::in_time;

/// What was told.
#[derive(Debug, Clone, Default)]
struct Told(Arc<Mutex<Vec<InstanceSummary>>>);

impl Told {
    fn tell(&self) -> impl Fn(&InstanceSummary) + Send + Sync + 'static {
        let told = self.clone();
        move |summary| told.0.lock().unwrap().push(summary.clone())
    }

    fn all(&self) -> Vec<InstanceSummary> {
        self.0.lock().unwrap().clone()
    }

    async fn wait(&self, count: usize) {
        while self.all().len() < count {
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn whoever_wants_to_know_is_told_each_time_an_instance_parks() {
    on_both(async |data| {
        let (told, world) = (Told::default(), World::default().script("grant", &[Act::LoseAnswer; 2]));
        let orchestrator = builder(data.open(), &world).on_attention(told.tell()).build().await.unwrap();
        let handle = start(&orchestrator, ID).await;
        for times in 1..=2 {
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
            told.wait(times).await;
            let summary = told.all().pop().unwrap();
            let listed = orchestrator.instances(Filter::new()).await.unwrap().items;
            assert_eq!(listed, [summary], "what is told is what is listed");
            orchestrator.resolve(ID, retry()).await.unwrap();
        }
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        let fine = start(&orchestrator, "fine").await;
        let _ = fine.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(told.all().len(), 2);
    });
}

#[test]
fn what_was_parked_before_is_not_told_again() {
    on_both(async |data| {
        let world = World::default().script("grant", &[Act::LoseAnswer]);
        let orchestrator = open(data.open(), &world).await;
        let _ = start(&orchestrator, ID).await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let told = Told::default();
        let orchestrator = builder(data.open(), &world).on_attention(told.tell()).build().await.unwrap();
        let _ = start(&orchestrator, "other").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert!(told.all().is_empty());
    });
}

#[test]
fn one_that_is_unreadable_is_told_of() {
    on_both(async |data| {
        let world = World::default().script("hold", &[Act::Hang]);
        let orchestrator = builder(data.open(), &world).shutdown_grace(Duration::ZERO).build().await.unwrap();
        start(&orchestrator, ID).await;
        world.called("hold", 1).await;
        orchestrator.shutdown().await;
        let told = Told::default();
        let store = data.open();
        store.plan().on_load(|stored| stored.entries[0].events.clear());
        let orchestrator = builder(store, &world).on_attention(told.tell()).build().await.unwrap();
        told.wait(1).await;
        let summary = told.all().remove(0);
        assert_eq!((summary.id.as_str(), summary.state), (ID, InstanceState::Unreadable));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_panic_of_whoever_is_told_harms_nothing() {
    on_both(async |data| {
        let world = World::default().script("grant", &[Act::LoseAnswer; 4]);
        let told = Told::default();
        let tell = told.tell();
        let builder = builder(data.open(), &world).on_attention(move |summary| {
            tell(summary);
            std::panic::resume_unwind(Box::new("nobody answers the phone"));
        });
        let orchestrator = builder.build().await.unwrap();
        for number in 0..4 {
            let handle = start(&orchestrator, &format!("it-{number}")).await;
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        }
        assert_eq!(orchestrator.resolve_all(Filter::new(), retry()).await.unwrap(), 4);
        orchestrator.shutdown().await;
        assert_eq!(told.all().len(), 4);
    });
}

#[test]
fn a_shutdown_waits_for_who_is_being_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(soon(async {
        let (told, world) = (Told::default(), World::default().script("grant", &[Act::LoseAnswer]));
        let (tell, (picks_up, phone)) = (told.tell(), mpsc::channel::<()>());
        let phone = Mutex::new(phone);
        let builder = builder(Data::memory().open(), &world).on_attention(move |summary| {
            phone.lock().unwrap().recv().unwrap();
            tell(summary);
        });
        let orchestrator = builder.build().await.unwrap();
        let _ = start(&orchestrator, ID).await.outcome().await.unwrap();
        let mut shutdown = std::pin::pin!(orchestrator.shutdown());
        assert!(poll_times(shutdown.as_mut(), 1_000).await.is_none(), "nobody has picked up the phone");
        picks_up.send(()).unwrap();
        shutdown.await;
        assert_eq!(told.all().len(), 1);
    }));
}

/// A saga with a deadline that comes when it is too late to turn around.
#[derive(Debug, Clone)]
struct Late {
    world: World,
}

#[saga(name = "late", deadline = "1h")]
impl Late {
    #[step(pivot, idempotent, timeout = "10h")]
    async fn go(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }

    #[step(retriable, idempotent, retry(initial = "3h", max = "3h", jitter = false), timeout = "10h")]
    async fn arrive(&self, cx: &StepContext, go: &u32) -> Result<u32, StepError> {
        let _ = go;
        self.world.forward(cx).await
    }
}

/// Lets the deadline pass while the instance does this, and says who was told.
async fn late(arrive: &[Act]) -> Vec<InstanceSummary> {
    let (told, data) = (Told::default(), Data::memory());
    let world = World::default().script("arrive", arrive);
    let builder = Orchestrator::builder(data.open()).register(Late { world: world.clone() });
    let orchestrator = builder.on_attention(told.tell()).build().await.unwrap();
    let handle = orchestrator.start::<Late>(ID, ()).await.unwrap();
    world.called("arrive", 1).await;
    tokio::time::sleep(Duration::from_secs(50 * 60)).await;
    let before = told.all().len();
    assert!(!handle.status().await.unwrap().needs_attention);
    tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    assert!(handle.status().await.unwrap().needs_attention);
    let flagged = orchestrator.instances(Filter::new().needs_attention(true)).await.unwrap();
    assert_eq!(flagged.items.len(), 1);
    tokio::time::sleep(Duration::from_secs(60 * 60)).await;
    world.open();
    if matches!(arrive, [Act::Reject]) {
        orchestrator.resolve(ID, retry()).await.unwrap();
    }
    assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
    assert!(!handle.status().await.unwrap().needs_attention, "it has ended");
    orchestrator.shutdown().await;
    told.all().split_off(before)
}

#[test]
fn an_instance_past_its_deadline_is_told_of_once_whatever_it_does() {
    let data = Data::memory();
    for arrive in [Act::Wait, Act::NotDone, Act::Reject] {
        data.runtime().block_on(in_time(async {
            let told = late(&[arrive]).await;
            assert_eq!(told.len(), 1, "{arrive:?}: {told:?}");
            assert!(told[0].needs_attention);
        }));
    }
}

#[test]
fn what_is_tried_in_vain_for_long_is_told_of_once() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let (told, world) =
            (Told::default(), World::default().script("take/compensate", &[Act::NotDone; 14]));
        let world = world.script("grant", &[Act::Reject]);
        let orchestrator = builder(data.open(), &world).on_attention(told.tell()).build().await.unwrap();
        let handle = start(&orchestrator, ID).await;
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        orchestrator.shutdown().await;
        let told = told.all();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].state, told[0].needs_attention), (InstanceState::Compensating, true));
        let _ = orchestrator.handle::<Desk>(ID);
    }));
}
