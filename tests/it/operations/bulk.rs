//! Thousands of parked instances, resumed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sagas::prelude::*;
use sagas::{Error, Filter, InstanceState, Resolution};

use crate::support::data::{Data, on_both};
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

/// A service that is down until it is not, and that counts how many call it at once.
#[derive(Debug, Clone, Default)]
struct Gateway {
    is_up: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Gateway {
    async fn call(&self) -> Result<u32, StepError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        match self.is_up.load(Ordering::SeqCst) {
            0 => Err(StepError::in_doubt("the gateway did not answer")),
            _ => Ok(1),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Charge {
    gateway: Gateway,
}

#[saga(name = "charge")]
impl Charge {
    #[step(pivot, in_doubt = park, max_running = 3)]
    async fn charge(&self) -> Result<u32, StepError> {
        self.gateway.call().await
    }
}

async fn all_parked(data: &Data, count: usize) -> (Orchestrator, Charge) {
    let charge = Charge::default();
    let builder = Orchestrator::builder(data.open()).register(charge.clone()).max_active(16);
    let orchestrator = builder.build().await.unwrap();
    let mut handles = Vec::new();
    for number in 0..count {
        handles.push(orchestrator.start::<Charge>(format!("charge-{number}"), ()).await.unwrap());
    }
    for handle in handles {
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
    }
    (orchestrator, charge)
}

fn down() -> Filter {
    Filter::new().saga("charge").step("charge").reason(ParkReason::InDoubt)
}

async fn resume(data: &Data, count: usize) {
    let (orchestrator, charge) = all_parked(data, count).await;
    assert_eq!(charge.gateway.calls.load(Ordering::SeqCst), count);
    let page = orchestrator.instances(down()).await.unwrap();
    assert!(page.items.iter().all(|item| item.state == InstanceState::Parked));

    // Those that park again are not picked again by the same call.
    assert_eq!(orchestrator.resolve_all(down(), retry()).await.unwrap(), count);
    for number in 0..count {
        let handle = orchestrator.handle::<Charge>(format!("charge-{number}"));
        while !matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)) {}
    }
    assert_eq!(charge.gateway.calls.load(Ordering::SeqCst), 2 * count);

    charge.gateway.is_up.store(1, Ordering::SeqCst);
    assert_eq!(orchestrator.resolve_all(down().limit(7), retry()).await.unwrap(), 7);
    assert_eq!(orchestrator.resolve_all(down(), retry()).await.unwrap(), count - 7);
    assert_eq!(orchestrator.resolve_all(down(), retry()).await.unwrap(), 0);
    // What starts meanwhile is not held up by all of them.
    let late = orchestrator.start::<Charge>("late", ()).await.unwrap();
    assert_eq!(late.outcome().await.unwrap(), Outcome::Completed(1));
    for number in 0..count {
        let handle = orchestrator.handle::<Charge>(format!("charge-{number}"));
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(1));
    }
    assert_eq!(charge.gateway.calls.load(Ordering::SeqCst), 3 * count + 1);
    assert!(charge.gateway.most.load(Ordering::SeqCst) <= 3, "max_running holds");
    orchestrator.shutdown().await;
}

#[test]
fn five_thousand_parked_instances_are_resumed_once_each() {
    let data = Data::memory();
    data.runtime().block_on(soon(resume(&data, 5_000)));
}

#[test]
fn hundreds_of_parked_instances_in_a_file_are_resumed_once_each() {
    let data = Data::sqlite();
    data.runtime().block_on(soon(resume(&data, 300)));
}

/// A pivot that nobody can ask about.
#[derive(Debug, Clone)]
struct Launch {
    world: World,
}

#[saga(name = "launch")]
impl Launch {
    #[step(pivot, in_doubt = park)]
    async fn launch(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
}

#[test]
fn those_that_it_does_not_fit_are_passed_over() {
    on_both(async |data| {
        let world = World::default()
            .script("launch", &[Act::LoseRequest; 3])
            .script("grant", &[Act::Reject])
            .script("hold/compensate", &[Act::Reject]);
        let builder = Orchestrator::builder(data.open()).register(Launch { world: world.clone() });
        let builder = super::desk::register(builder, &world);
        let orchestrator = builder.build().await.unwrap();
        for id in ["launch-1", "launch-2", "launch-3"] {
            let handle = orchestrator.start::<Launch>(id, ()).await.unwrap();
            assert!(matches!(handle.outcome().await.unwrap(), Outcome::Parked(_)));
        }
        let desk = super::desk::start(&orchestrator, "desk-1").await;
        assert!(matches!(desk.outcome().await.unwrap(), Outcome::Parked(_)));

        let note = || "nobody saw it".to_owned();
        let skip = Resolution::Skip { note: note() };
        let id_prefix = || Filter::new().id_prefix("launch-");
        assert_eq!(orchestrator.resolve_all(id_prefix(), skip.clone()).await.unwrap(), 0);
        let output = serde_json::json!("no number");
        let wrong = Resolution::Succeeded { output, note: note() };
        assert_eq!(orchestrator.resolve_all(Filter::new(), wrong).await.unwrap(), 0);
        let void = Resolution::Void { note: note() };
        assert_eq!(orchestrator.resolve_all(Filter::new().limit(2), void.clone()).await.unwrap(), 2);
        assert_eq!(orchestrator.resolve_all(Filter::new(), void).await.unwrap(), 1, "but not the desk");
        assert_eq!(orchestrator.resolve_all(Filter::new(), skip).await.unwrap(), 1);
        assert!(matches!(desk.outcome().await.unwrap(), Outcome::Compensated(_)));
        let none = Filter::new().state(InstanceState::Running);
        assert_eq!(orchestrator.resolve_all(none, retry()).await.unwrap(), 0, "nothing else is parked");
        orchestrator.shutdown().await;
        let error = orchestrator.resolve_all(Filter::new(), retry()).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
    });
}
