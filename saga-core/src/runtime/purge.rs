//! Deleting instances that have ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::error::Error;
use crate::id::InstanceId;
use crate::journal::{Head, InstanceState};
use crate::runtime::filter::Filter;
use crate::runtime::orchestrator::or_ending;
use crate::runtime::query::{Walk, ask};
use crate::runtime::registry::AnySaga;
use crate::runtime::shared::Shared;
use crate::store::Query;

/// How many instances are deleted at once: one deletion must not hold up the commits between two of them.
const STEP: usize = 128;

/// The states of what may be deleted.
const ENDED: [InstanceState; 2] = [InstanceState::Completed, InstanceState::Compensated];

/// How often it is looked for what was kept for its time: a tenth of that, within these limits.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));

/// Deletes the ended instances that fit with their children, and says how many there were.
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
            biased;
            deleted = delete_all(&shared, Walk::of(&shared, query, STEP)) => match deleted {
                Ok(0) => {}
                Ok(instances) => info!(instances, "what ended long ago is deleted"),
                Err(error) => warn!(%error, "what ended long ago could not be deleted, trying again later"),
            },
            () = shared.lifecycle.ending() => return,
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep((keep / 10).clamp(least, most)) => {}
            () = shared.lifecycle.ending() => return,
        }
    }
}

async fn delete_all(shared: &Arc<Shared>, mut walk: Walk<'_>) -> Result<u64, Error> {
    let mut deleted = 0;
    loop {
        let step = walk.next().await?;
        if step.is_empty() {
            return Ok(deleted);
        }
        let count = delete(shared, &step).await?;
        // What goes with its parent does not count towards the limit.
        walk.done(count.min(step.len()));
        deleted += u64::try_from(count).unwrap_or(u64::MAX);
    }
}

/// Deletes instances with their children, in a few deletions.
async fn delete(shared: &Arc<Shared>, heads: &[Head]) -> Result<usize, Error> {
    let (mut met, mut next, mut count) = (HashSet::new(), Vec::new(), 0);
    for head in heads {
        let family = family(shared, head).await?;
        next.extend(family.into_iter().filter(|id| met.insert(id.clone())));
        if next.len() >= STEP {
            count += delete_at_once(shared, &std::mem::take(&mut next)).await?;
        }
    }
    Ok(count + delete_at_once(shared, &next).await?)
}

/// An instance, its children and theirs, parents first; nothing while one of them goes on. They are deleted at once: a
/// child left behind would be taken for that of whatever is started next under the id of its parent.
async fn family(shared: &Shared, head: &Head) -> Result<Vec<InstanceId>, Error> {
    let mut family = vec![head.id.clone()];
    let has_child = |saga: Arc<dyn AnySaga>| saga.definition().steps().any(|(_, step)| step.child.is_some());
    if !shared.registry.of(head).is_none_or(has_child) {
        return Ok(family);
    }
    // Their ids begin with that of their parent, and they were started after it.
    let id_prefix = Some(format!("{}/", head.id));
    let mut query = Query { id_prefix, limit: STEP, ..Query::default() };
    loop {
        let found = ask(shared, &query).await?;
        let children = found.iter().map(|(_, child)| child);
        for child in children {
            match &child.parent {
                Some(parent) if !family.contains(parent) => {}
                Some(_) if !child.progress.state.is_terminal() => return Ok(Vec::new()),
                Some(_) => family.push(child.id.clone()),
                None => {}
            }
        }
        match found.last() {
            Some((last, _)) if found.len() == query.limit => query.after = Some(*last),
            _ => return Ok(family),
        }
    }
}

async fn delete_at_once(shared: &Arc<Shared>, ids: &[InstanceId]) -> Result<usize, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    match shared.store.delete(ids).await {
        Ok(count) => {
            // A store that answers at once leaves nobody else time in between.
            tokio::task::yield_now().await;
            Ok(count)
        }
        Err(error) => {
            shared.mend().await;
            Err(or_ending(shared, Error::Store(error)))
        }
    }
}
