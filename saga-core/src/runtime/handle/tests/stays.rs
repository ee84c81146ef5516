//! That nothing of a stay that has ended stays in memory, whatever another thread does meanwhile.

use std::any::TypeId;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Stuck;
use crate::id::{Epoch, InstanceId};
use crate::runtime::Orchestrator;
use crate::runtime::instance::{Arriving, Live};
use crate::runtime::revive::{Revived, load, revive};
use crate::runtime::shared::{Inserted, Shared};
use crate::store::{MemoryStore, Write};

/// An instance that was begun in the stay that lasts, and that nobody can find yet, with its first entry.
fn begun(shared: &Arc<Shared>, id: &str) -> (Arc<Live>, Write) {
    let saga = shared.registry.by_type(TypeId::of::<Stuck>()).expect("it is registered");
    let (memory, input) = saga.begin(Box::new(())).expect("it has no input");
    let arriving = Arriving {
        id: InstanceId::new(id).expect("it is an id"),
        saga: Arc::clone(saga),
        memory: Some(memory),
        place: None,
        slot: None,
        created_at: shared.now(),
        parent: None,
        trace: None,
    };
    let (creator, _) = oneshot::channel();
    Live::create(shared, arriving, input, creator).expect("it can be created")
}

/// The stay that is known to have followed the one that lasts, which nobody has told the rest of yet.
fn next_stay(shared: &Shared) -> Epoch {
    Epoch::new(shared.epoch().get() + 1)
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_in_a_stay_that_has_ended_by_then_does_not_stay_in_memory() {
    let builder = Orchestrator::builder(MemoryStore::new()).register(Stuck);
    let orchestrator = builder.build().await.expect("it is built");
    let shared = Arc::clone(orchestrator.handle::<Stuck>("stuck-1").shared());
    let (here, _) = begun(&shared, "stuck-1");
    assert!(matches!(shared.insert(&here), Inserted::New));
    assert!(shared.get(here.id()).is_some(), "its stay lasts");
    let (late, _) = begun(&shared, "stuck-2");
    let ended = shared.epoch();
    shared.stay_has_ended(ended);
    shared.set_epoch(next_stay(&shared));
    shared.lose_until(ended);
    assert!(shared.get(here.id()).is_none(), "it was found");
    assert!(matches!(shared.insert(&late), Inserted::New));
    assert!(shared.get(late.id()).is_none(), "nobody else would have stopped it");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_read_back_while_an_earlier_stay_has_it_in_memory_is_read_back_later() {
    let builder = Orchestrator::builder(MemoryStore::new()).register(Stuck);
    let orchestrator = builder.build().await.expect("it is built");
    let stuck = orchestrator.start::<Stuck>("stuck-1", ()).await.expect("it is started");
    let shared = stuck.shared();
    let stored = load(&*shared.store, stuck.id()).await.expect("it is there");
    assert!(matches!(revive(shared, &stored, None, None).await, Revived::Settled), "it is driven");
    shared.set_epoch(next_stay(shared));
    assert!(matches!(revive(shared, &stored, None, None).await, Revived::Busy), "not for long");
    orchestrator.shutdown().await;
}
