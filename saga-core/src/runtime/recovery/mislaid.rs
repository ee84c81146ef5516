//! Instances that were handed out without a word: the store had done it, and its answer was an error. They belong to this
//! stay, so nobody else is handed them, and they wait for nothing, so the store does not hand them out again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::feeder::{Feeder, PAGE};
use crate::id::InstanceId;
use crate::journal::{Head, InstanceState};
use crate::store::{Position, Query, StoreError, Wanted};

/// What may have been handed out without a word.
#[derive(Default)]
pub(crate) struct Mislaid {
    search: Mutex<Search>,
}

/// How far the search for it is.
#[derive(Default)]
struct Search {
    /// These may have been.
    ids: Vec<InstanceId>,
    /// Any may have been. They are gone through from here on: not from the beginning.
    after: Option<Option<Position>>,
}

impl Mislaid {
    /// This one may have been handed out.
    pub(crate) fn may_have(&self, id: &InstanceId) {
        self.search().ids.push(id.clone());
    }

    /// Any may have been handed out.
    pub(crate) fn may_have_some(&self) {
        self.search().after = Some(None);
    }

    fn search(&self) -> MutexGuard<'_, Search> {
        self.search.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feeder {
    /// Goes through a page of what may have been handed out without a word, and asks for it once more. `false` if there
    /// was nothing.
    pub(super) async fn search(&mut self) -> Result<bool, StoreError> {
        let mut ids = std::mem::take(&mut self.shared.mislaid.search().ids);
        let after = self.shared.mislaid.search().after;
        if let Some(after) = after {
            let page = self.shared.store.query(&unfinished(after)).await;
            let page = page.inspect_err(|_| self.shared.mislaid.search().ids.append(&mut ids))?;
            let next = page.last().filter(|_| page.len() == PAGE).map(|(position, _)| Some(*position));
            self.shared.mislaid.search().after = next;
            ids.extend(
                page.into_iter().filter(|(_, head)| self.may_be_mislaid(head)).map(|(_, head)| head.id),
            );
        }
        let is_any = after.is_some() || !ids.is_empty();
        while let Some(id) = ids.pop() {
            if self.shared.knows(&id) || self.backlog.contains(&id) {
                continue;
            }
            let (epoch, now) = (self.shared.epoch(), self.shared.now());
            match self.shared.store.claim(epoch, now, Wanted::One(&id)).await {
                Ok(claimed) => self.backlog.extend(claimed),
                Err(error) => {
                    ids.push(id);
                    self.shared.mislaid.search().ids.append(&mut ids);
                    return Err(error);
                }
            }
        }
        Ok(is_any)
    }

    /// Whether an instance would be handed out by nobody any more: it waits for nothing, and may have something to do.
    fn may_be_mislaid(&self, head: &Head) -> bool {
        let has_deadline = || {
            let saga = self.shared.registry.of(head);
            saga.is_some_and(|saga| saga.definition().deadline_after().is_some())
        };
        let may_go_on = match head.progress.state {
            InstanceState::Running | InstanceState::Compensating => true,
            // All that it does by itself is to compensate at its deadline.
            InstanceState::Parked => has_deadline(),
            InstanceState::Completed | InstanceState::Compensated | InstanceState::Unreadable => false,
        };
        head.progress.due.is_none() && may_go_on
    }
}

/// A page of what has not ended.
fn unfinished(after: Option<Position>) -> Query {
    let states = vec![InstanceState::Running, InstanceState::Compensating, InstanceState::Parked];
    Query { states, after, limit: PAGE, ..Query::default() }
}
