//! Deleting instances that have ended.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::error::Error;
use crate::id::InstanceId;
use crate::journal::InstanceState;
use crate::runtime::filter::Filter;
use crate::runtime::orchestrator::or_ending;
use crate::runtime::query::Walk;
use crate::runtime::shared::Shared;
use crate::store::Query;

/// How many instances are deleted at once: one deletion must not hold up the commits between two of them.
const STEP: usize = 128;

/// The states of what may be deleted.
const ENDED: [InstanceState; 2] = [InstanceState::Completed, InstanceState::Compensated];

/// How often it is looked for what was kept for its time: a tenth of that, within these limits.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));

/// Deletes the ended instances that fit, and says how many there were.
pub(crate) async fn purge(shared: &Arc<Shared>, filter: &Filter) -> Result<u64, Error> {
    delete_all(shared, Walk::new(shared, filter, &ENDED, STEP)).await
}

/// Deletes what ended `keep` ago, until the end.
pub(crate) async fn retain(shared: Arc<Shared>, keep: Duration) {
    let (least, most) = LOOK_EVERY;
    loop {
        let until = shared.now().minus(keep);
        // What had not started by then has not ended either.
        let (since_until, created_until) = (Some(until), Some(until));
        let query = Query { states: ENDED.to_vec(), since_until, created_until, ..Query::default() };
        tokio::select! {
            deleted = delete_all(&shared, Walk::of(&shared, query, STEP)) => match deleted {
                Ok(0) => {}
                Ok(instances) => info!(instances, "what ended long ago is deleted"),
                Err(error) => warn!(%error, "what ended long ago could not be deleted, trying again later"),
            },
            () = shared.lifecycle.ending() => return,
        }
        tokio::select! {
            () = tokio::time::sleep((keep / 10).clamp(least, most)) => {}
            () = shared.lifecycle.ending() => return,
        }
    }
}

/// Parents come before their children, which were started later: so these go with them.
async fn delete_all(shared: &Arc<Shared>, mut walk: Walk<'_>) -> Result<u64, Error> {
    let mut deleted = 0;
    loop {
        let step = walk.next().await?;
        if step.is_empty() {
            return Ok(deleted);
        }
        let count = delete(shared, &step).await?;
        walk.done(count);
        deleted += u64::try_from(count).unwrap_or(u64::MAX);
        // A store that answers at once leaves nobody else time in between.
        tokio::task::yield_now().await;
    }
}

async fn delete(shared: &Arc<Shared>, ids: &[InstanceId]) -> Result<usize, Error> {
    match shared.store.delete(ids).await {
        Ok(count) => Ok(count),
        Err(error) => {
            shared.mend().await;
            Err(or_ending(shared, Error::Store(error)))
        }
    }
}
