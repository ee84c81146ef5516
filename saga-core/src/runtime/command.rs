//! Commands: what somebody decides about an instance, wherever that is: in memory, on its way there, or on disk.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::Error;
use crate::id::InstanceId;
use crate::journal::{Head, InstanceState};
use crate::runtime::admission::Origin;
use crate::runtime::instance::{Arrival, Created, Live, Reply};
use crate::runtime::orchestrator::or_ending;
use crate::runtime::reading;
use crate::runtime::revive::{Command, Revived, hear_late_signals, revive};
use crate::runtime::shared::Shared;
use crate::runtime::verdict::Verdict;
use crate::store::Wanted;

/// Lets an instance decide on a verdict. Once it returns what came of it is durable. It is done in a task of the
/// orchestrator: whoever no longer waits for it gets all of it or nothing.
pub(crate) async fn command(shared: &Arc<Shared>, id: &InstanceId, verdict: Verdict) -> Result<(), Error> {
    if shared.lifecycle.is_ending() {
        return Err(Error::ShuttingDown);
    }
    let deciding = decide(Arc::clone(shared), id.clone(), verdict);
    match shared.runtime.spawn(deciding).await {
        Ok(decided) => decided,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_the_runtime_ends) => Err(Error::ShuttingDown),
    }
}

async fn decide(shared: Arc<Shared>, id: InstanceId, verdict: Verdict) -> Result<(), Error> {
    loop {
        if shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        let (reply, answered) = oneshot::channel();
        match shared.get(&id) {
            Some(live) => tell(&live, &verdict, reply).await?,
            None => bring_in(&shared, &id, &verdict, reply).await?,
        }
        // No answer: it was on its way out of memory or into it. Look for it again.
        if let Ok(answer) = answered.await {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// Brings the verdict to an instance in memory. Until its first entry is durable nobody knows whether it is the
/// instance of its id.
async fn tell(live: &Arc<Live>, verdict: &Verdict, reply: Reply) -> Result<(), Error> {
    match live.created().await {
        Created::Durable => {}
        Created::Exists => return Ok(()),
        Created::Failed(error) => return Err(Error::Store(error)),
    }
    let definition = live.saga().definition();
    verdict.check_saga(live.id(), definition.name())?;
    verdict.check_parent(live.shared(), live.id(), live.parent()).await?;
    let bytes_max = live.shared().settings.payload_bytes_max;
    let input = verdict.to_input(live.id(), definition, bytes_max)?;
    live.feed(Arrival { reply: Some(reply), ..input.into() });
    Ok(())
}

/// Reads an instance back to let the verdict be decided on.
async fn bring_in(
    shared: &Arc<Shared>,
    id: &InstanceId,
    verdict: &Verdict,
    reply: Reply,
) -> Result<(), Error> {
    let store = &*shared.store;
    let ending = |error| or_ending(shared, Error::Store(error));
    let head = store.head(id).await.map_err(ending)?;
    let head = head.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
    verdict.check_saga(id, &head.saga)?;
    verdict.check_state(id, head.progress.state)?;
    verdict.check_parent(shared, id, head.parent.as_ref()).await?;
    if verdict.is_about_parked() && head.progress.state != InstanceState::Parked {
        // A step may be parked while others go on: that its journal tells, whoever has it.
        let machine = reading::replayed(shared, id, None).await?.machine;
        machine.parked().ok_or_else(|| Error::NotParked { id: id.clone() })?;
    }
    let saga = shared.registry.of(&head).ok_or_else(|| not_registered(&head))?;
    let input = verdict.to_input(id, saga.definition(), shared.settings.payload_bytes_max)?;
    let claimed = match store.claim(shared.epoch(), shared.now(), Wanted::One(id)).await {
        Ok(claimed) => claimed,
        Err(error) => {
            shared.mislaid.may_have(id);
            shared.mend().await;
            return Err(ending(error));
        }
    };
    if claimed.is_empty() {
        // Purged since, or somebody else's.
        store.head(id).await.map_err(ending)?.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
        let why = "another worker has it; ask there, or again when its lease has passed".to_owned();
        return Err(Error::Stopped { id: id.clone(), why });
    }
    let loaded = store.load(std::slice::from_ref(id)).await;
    let mut stored = loaded.inspect_err(|_| shared.mislaid.may_have(id)).map_err(ending)?;
    let stored = stored.pop().flatten().ok_or_else(|| Error::NotFound { id: id.to_string() })?;
    let place = shared.admission.try_place(Origin::Resumed);
    let is_here = match revive(shared, &stored, place, Some(Command { input, reply })).await {
        Revived::Settled => true,
        Revived::Deaf(deaf) => hear_late_signals(shared, vec![deaf]).await.is_ok(),
        Revived::Busy => false,
    };
    if !is_here {
        // It was handed out, so it has to go on, whatever becomes of the command.
        shared.mislaid.may_have(id);
    }
    Ok(())
}

/// The error of an instance whose definition is not registered.
pub(crate) fn not_registered(head: &Head) -> Error {
    Error::NotRegistered { saga: format!("{} in version {}", head.saga, head.version) }
}
