//! Commands: what somebody decides about an instance, whether it is in memory or not.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::Error;
use crate::id::InstanceId;
use crate::journal::InstanceState;
use crate::machine::Input;
use crate::runtime::admission::Origin;
use crate::runtime::instance::Arrival;
use crate::runtime::orchestrator::or_ending;
use crate::runtime::revive::{Command, revive};
use crate::runtime::shared::Shared;
use crate::store::Wanted;

/// Lets an instance decide on a command. Once it returns what came of it is durable.
pub(crate) async fn command(
    shared: &Arc<Shared>,
    id: &InstanceId,
    input: impl Fn() -> Input,
) -> Result<(), Error> {
    loop {
        if shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        let (reply, answered) = oneshot::channel();
        match shared.get(id) {
            Some(live) => live.feed(Arrival { reply: Some(reply), ..input().into() }),
            None => bring_in(shared, id, Command { input: input(), reply }).await?,
        }
        // No answer: it was on its way out of memory or into it. Look for it again.
        if let Ok(answer) = answered.await {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// Reads an instance back to let a command be decided on.
async fn bring_in(shared: &Arc<Shared>, id: &InstanceId, command: Command) -> Result<(), Error> {
    let store = &*shared.store;
    let ending = |error| or_ending(shared, Error::Store(error));
    let head = store.head(id).await.map_err(ending)?;
    let head = head.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
    match (head.progress.state, &command.input) {
        (InstanceState::Unreadable, _) => {
            let what = "it was marked as unreadable when it was read".to_owned();
            return Err(Error::Unreadable { id: id.clone(), what });
        }
        (InstanceState::Parked, Input::Resolve { .. }) => {}
        (_, Input::Resolve { .. }) => return Err(Error::NotParked { id: id.clone() }),
        _ => {}
    }
    let claimed = match store.claim(shared.epoch(), shared.now(), Wanted::One(id)).await {
        Ok(claimed) => claimed,
        Err(error) => {
            shared.mend().await;
            return Err(ending(error));
        }
    };
    if claimed.is_empty() {
        let why = "another worker has it; ask there, or again when its lease has passed".to_owned();
        return Err(Error::Stopped { id: id.clone(), why });
    }
    let mut stored = store.load(std::slice::from_ref(id)).await.map_err(ending)?;
    let stored = stored.pop().flatten().ok_or_else(|| Error::NotFound { id: id.to_string() })?;
    let place = shared.admission.try_place(Origin::Started);
    revive(shared, &stored, place, Some(command)).await;
    Ok(())
}
