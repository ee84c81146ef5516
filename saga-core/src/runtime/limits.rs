//! How many attempts of a step run at once, over all instances.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::definition::Definition;
use crate::id::{InstanceId, StepIndex};
use crate::runtime::registry::Registry;

/// The steps whose attempts are limited, by saga, version and step.
#[derive(Default)]
pub(crate) struct Limits {
    steps: HashMap<(Arc<str>, u32, StepIndex), Arc<Limit>>,
}

/// The attempts of one step, and the instances that wait for one to end.
pub(crate) struct Limit {
    max: usize,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    running: usize,
    waiting: VecDeque<InstanceId>,
    /// The same, to be found: a line may be long.
    standing: HashSet<InstanceId>,
    /// Those whose turn it is: they do not queue again behind those who came later.
    called: VecDeque<InstanceId>,
}

/// The right to run one attempt. It goes back when it is dropped; whose turn it is then, [`Limits::next`] says.
pub(crate) struct Permit {
    limit: Arc<Limit>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limit.book().running -= 1;
    }
}

impl Limits {
    pub(crate) fn of(registry: &Registry) -> Self {
        let definitions = registry.sagas().iter().map(|saga| saga.definition());
        let limited = definitions.flat_map(|definition| {
            definition.steps().filter_map(move |(index, step)| {
                let limit = Arc::new(Limit::new(step.max_running?));
                Some(((Arc::clone(definition.name()), definition.version(), index), limit))
            })
        });
        Self { steps: limited.collect() }
    }

    /// The limit of a step, if it has one.
    pub(crate) fn get(&self, definition: &Definition, step: StepIndex) -> Option<&Arc<Limit>> {
        if self.steps.is_empty() {
            return None;
        }
        self.steps.get(&(Arc::clone(definition.name()), definition.version(), step))
    }

    /// The instances that may go on, since attempts have ended.
    pub(crate) fn next(&self) -> Vec<InstanceId> {
        self.steps.values().flat_map(|limit| limit.call()).collect()
    }

    /// Takes an instance out of every line, since somebody else has it.
    pub(crate) fn forget(&self, id: &InstanceId) {
        self.steps.values().for_each(|limit| limit.book().forget(id));
    }
}

impl Book {
    fn forget(&mut self, id: &InstanceId) {
        self.called.retain(|called| called != id);
        if self.standing.remove(id) {
            self.waiting.retain(|waiting| waiting != id);
        }
    }
}

impl Limit {
    fn new(max: NonZeroU32) -> Self {
        Self { max: usize::try_from(max.get()).unwrap_or(usize::MAX), book: Mutex::default() }
    }

    /// A permit for an attempt of the instance, if one is free and it is its turn. If not, it waits in line.
    pub(crate) fn take(self: &Arc<Self>, id: &InstanceId) -> Option<Permit> {
        let mut book = self.book();
        let called = book.called.iter().position(|called| called == id);
        let free = book.running < self.max;
        if free && (called.is_some() || book.waiting.is_empty()) {
            called.map(|at| book.called.remove(at));
            book.running += 1;
            return Some(Permit { limit: Arc::clone(self) });
        }
        called.map(|at| book.called.remove(at));
        if book.standing.insert(id.clone()) {
            match called {
                Some(_) => book.waiting.push_front(id.clone()),
                None => book.waiting.push_back(id.clone()),
            }
        }
        None
    }

    /// Whether the instance stands in line. One that does not has been called.
    pub(crate) fn has_in_line(&self, id: &InstanceId) -> bool {
        self.book().standing.contains(id)
    }

    /// Calls as many of those who wait as there are permits. Who was called before and did not come no longer
    /// wants one, and keeps nobody from his turn.
    fn call(&self) -> Vec<InstanceId> {
        let mut book = self.book();
        let free = self.max.saturating_sub(book.running);
        let count = free.min(book.waiting.len());
        let called: Vec<_> = book.waiting.drain(..count).collect();
        called.iter().for_each(|id| {
            book.standing.remove(id);
        });
        book.called.extend(called.iter().cloned());
        while book.called.len() > self.max {
            book.called.pop_front();
        }
        called
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i18_an_instance_that_somebody_else_has_keeps_no_place_in_line() {
        let [first, gone, next] = ["first", "gone", "next"].map(|id| InstanceId::new(id).unwrap());
        let limit = Arc::new(Limit::new(NonZeroU32::MIN));
        let name: Arc<str> = "saga".into();
        let limits =
            Limits { steps: HashMap::from([((name, 1, StepIndex::new(0).unwrap()), Arc::clone(&limit))]) };
        let permit = limit.take(&first).unwrap();
        assert!(limit.take(&gone).is_none() && limit.take(&next).is_none());
        limits.forget(&gone);
        assert!(!limit.has_in_line(&gone));
        drop(permit);
        assert_eq!(limits.next(), [next]);
    }
}
