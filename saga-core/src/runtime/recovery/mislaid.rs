//! Instances that were handed out without a word: the store had done it, and its answer was an error, or whoever heard of
//! it is no more. They wait for nothing, so the store does not hand them out again, but for those that run and whose stay
//! has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::feeder::{Feeder, PAGE};
use crate::id::InstanceId;
use crate::journal::{Head, InstanceState};
use crate::runtime::inbox;
use crate::runtime::registry::Registry;
use crate::store::{Position, Query, StoreError, Wanted};

/// What may have been handed out without a word.
pub(crate) struct Mislaid {
    search: Mutex<Search>,
    /// Whether what is parked may have something to do: to compensate at its deadline.
    parked_may_go_on: bool,
}

/// How far the search for it is.
#[derive(Default)]
struct Search {
    /// These may have been.
    ids: Vec<InstanceId>,
    /// Any of these may have been.
    sweep: Option<Sweep>,
}

/// Instances that are gone through.
#[derive(Clone)]
struct Sweep {
    states: &'static [InstanceState],
    /// The last of those that were.
    after: Option<Position>,
}

const UNFINISHED: &[InstanceState] =
    &[InstanceState::Running, InstanceState::Compensating, InstanceState::Parked];
const PARKED: &[InstanceState] = &[InstanceState::Parked];

impl Mislaid {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self { search: Mutex::default(), parked_may_go_on: registry.has_deadlines() }
    }

    /// This one may have been handed out.
    pub(crate) fn may_have(&self, id: &InstanceId) {
        self.search().ids.push(id.clone());
    }

    /// Any may have been handed out.
    pub(crate) fn may_have_some(&self) {
        self.search().sweep = Some(Sweep { states: UNFINISHED, after: None });
    }

    /// What is parked may have been handed out for its deadline in a stay that has ended. Who claims what such a stay
    /// has left behind is not handed it.
    pub(crate) fn may_have_parked(&self) {
        if !self.parked_may_go_on {
            return;
        }
        let sweep = &mut self.search().sweep;
        let is_all = sweep.as_ref().is_some_and(|sweep| sweep.states == UNFINISHED);
        if !is_all {
            *sweep = Some(Sweep { states: PARKED, after: None });
        }
    }

    /// A page was gone through, up to `last`, if there are more. Another sweep may have begun meanwhile.
    fn go_on(&self, states: &'static [InstanceState], after: Option<Position>, last: Option<Position>) {
        let sweep = &mut self.search().sweep;
        if sweep.as_ref().is_some_and(|sweep| sweep.states == states && sweep.after == after) {
            *sweep = last.map(|last| Sweep { states, after: Some(last) });
        }
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
        let sweep = self.shared.mislaid.search().sweep.clone();
        let is_any = sweep.is_some() || !ids.is_empty();
        if let Some(Sweep { states, after }) = sweep {
            let query = Query { states: states.to_vec(), after, limit: PAGE, ..Query::default() };
            let page = self.shared.store.query(&query).await;
            let page = page.inspect_err(|_| self.shared.mislaid.search().ids.append(&mut ids))?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|(position, _)| *position);
            self.shared.mislaid.go_on(states, after, last);
            ids.extend(
                page.into_iter().filter(|(_, head)| self.may_be_mislaid(head)).map(|(_, head)| head.id),
            );
        }
        while let Some(id) = ids.pop() {
            if let Err(error) = self.ask_for(&id).await {
                // In case it is not the store that fails, but this one, the others come first then.
                ids.insert(0, id);
                self.shared.mislaid.search().ids.append(&mut ids);
                return Err(error);
            }
        }
        Ok(is_any)
    }

    /// Has what may have been handed out go on.
    async fn ask_for(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        if self.backlog.contains(id) || self.tell(id).await? || self.shared.knows(id) {
            return Ok(());
        }
        let (epoch, now) = (self.shared.epoch(), self.shared.now());
        self.backlog.extend(self.shared.store.claim(epoch, now, Wanted::One(id)).await?);
        Ok(())
    }

    /// Tells an instance in memory that it may have been handed out: it may believe that it waits, and what it waits for
    /// may have come. `false` if it is not in memory.
    async fn tell(&self, id: &InstanceId) -> Result<bool, StoreError> {
        let Some(live) = self.shared.driven(id).filter(|live| live.is_created()) else { return Ok(false) };
        let mut signals = Vec::new();
        if inbox::has_signals(live.saga().definition()) {
            let stored = self.shared.store.load(std::slice::from_ref(id)).await?.pop().flatten();
            signals = stored.map(|stored| stored.signals).unwrap_or_default();
        }
        Ok(live.was_handed_out(&signals))
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
