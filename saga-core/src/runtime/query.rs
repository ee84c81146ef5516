//! Asking about many instances.

use std::sync::Arc;

use crate::error::Error;
use crate::journal::{Head, InstanceState};
use crate::runtime::filter::{Cursor, Filter, Page};
use crate::runtime::orchestrator::or_ending;
use crate::runtime::shared::Shared;
use crate::runtime::summary::InstanceSummary;
use crate::store::{Position, Query};

/// How many instances a page has if nothing is said: as many as a person looks at.
pub const DEFAULT_PAGE_LIMIT: usize = 100;

/// The most instances of a page, so that one question keeps neither the store nor the memory busy for long.
pub const PAGE_LIMIT_MAX: usize = 1_000;

/// A page of the instances that fit.
pub(crate) async fn instances(shared: &Shared, filter: &Filter) -> Result<Page<InstanceSummary>, Error> {
    let limit = filter.limit_or(DEFAULT_PAGE_LIMIT).clamp(1, PAGE_LIMIT_MAX);
    let Some(query) = filter.query(&InstanceState::ALL, shared.now()) else {
        return Ok(Page::new(Vec::new(), None));
    };
    // One more tells whether there are more.
    let mut found = ask(shared, &Query { limit: limit + 1, ..query }).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(position, _)| Cursor::behind(*position));
    let items = found.into_iter().map(|(_, head)| {
        let unregistered = shared.registry.of(&head).is_none();
        InstanceSummary::new(head, unregistered)
    });
    Ok(Page::new(items.collect(), next))
}

/// Goes through instances in the order of their creation, in steps: each is met once, however it goes on meanwhile.
pub(crate) struct Walk<'a> {
    shared: &'a Arc<Shared>,
    query: Option<Query>,
    step: usize,
    left: usize,
}

impl<'a> Walk<'a> {
    /// Through what fits, of those in one of `states`, `step` at a time.
    pub(crate) fn new(
        shared: &'a Arc<Shared>,
        filter: &Filter,
        states: &[InstanceState],
        step: usize,
    ) -> Self {
        let query = filter.query(states, shared.now());
        Self { shared, query, step, left: filter.limit_or(usize::MAX) }
    }

    /// Through what `query` finds.
    pub(crate) fn of(shared: &'a Arc<Shared>, query: Query, step: usize) -> Self {
        Self { shared, query: Some(query), step, left: usize::MAX }
    }

    /// The next of them; none at the end. Counted towards the limit is what [`done`](Self::done) says.
    pub(crate) async fn next(&mut self) -> Result<Vec<Head>, Error> {
        if self.shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        let Some(query) = &mut self.query else { return Ok(Vec::new()) };
        query.limit = self.step.min(self.left);
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let found = ask(self.shared, query).await?;
        match found.last() {
            Some((last, _)) if found.len() == query.limit => query.after = Some(*last),
            _ => self.query = None,
        }
        Ok(found.into_iter().map(|(_, head)| head).collect())
    }

    /// Takes down that something was done about this many.
    pub(crate) fn done(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
    }
}

/// A page of what the store finds.
pub(crate) async fn ask(shared: &Shared, query: &Query) -> Result<Vec<(Position, Head)>, Error> {
    shared.store.query(query).await.map_err(|error| or_ending(shared, Error::Store(error)))
}
