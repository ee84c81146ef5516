//! Deciding about many parked instances.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::error::Error;
use crate::journal::InstanceState;
use crate::runtime::command::command;
use crate::runtime::filter::Filter;
use crate::runtime::query::Walk;
use crate::runtime::shared::Shared;
use crate::runtime::verdict::Verdict;

/// How many instances are decided on at once: enough that their entries share a commit, few enough that neither those
/// that start meanwhile nor the memory notice.
const STEP: usize = 128;

/// Has the verdict decided on by each parked instance that fits, once, and says how many it fitted.
pub(crate) async fn resolve_all(
    shared: &Arc<Shared>,
    filter: &Filter,
    verdict: &Verdict,
) -> Result<usize, Error> {
    let mut walk = Walk::new(shared, filter, &[InstanceState::Parked], STEP);
    let mut resolved = 0;
    loop {
        let step = walk.next().await?;
        if step.is_empty() {
            return Ok(resolved);
        }
        let mut decisions = JoinSet::new();
        for head in step {
            let (of, verdict) = (Arc::clone(shared), verdict.clone());
            decisions.spawn_on(async move { command(&of, &head.id, verdict).await }, &shared.runtime);
        }
        let mut count = 0;
        while let Some(decided) = decisions.join_next().await {
            match decided {
                Ok(Ok(())) => count += 1,
                Ok(Err(error)) if is_of_one(&error) => {}
                Ok(Err(error)) => return Err(error),
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                Err(_the_runtime_ends) => return Err(Error::ShuttingDown),
            }
        }
        walk.done(count);
        resolved += count;
    }
}

/// Whether the error says something of one instance only: it has gone on meanwhile, or it cannot be decided about like
/// this, or here.
fn is_of_one(error: &Error) -> bool {
    matches!(
        error,
        Error::NotParked { .. }
            | Error::NotApplicable { .. }
            | Error::WrongOutput { .. }
            | Error::NotFound { .. }
            | Error::NotRegistered { .. }
            | Error::Unreadable { .. }
            | Error::Stopped { .. }
    )
}
