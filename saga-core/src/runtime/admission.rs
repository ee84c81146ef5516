//! How many instances are driven at once, and who is next.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::id::InstanceId;

/// Counts the instances that are driven, and keeps the ids of those that wait for a place.
pub(crate) struct Admission {
    max_active: usize,
    book: Mutex<Book>,
    changed: Notify,
}

#[derive(Default)]
struct Book {
    started: usize,
    revived: usize,
    /// Nothing but what is read back is given a place.
    holds_back: bool,
    queue: VecDeque<InstanceId>,
}

/// Whose place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An instance that was started in this stay.
    Started,
    /// One that was read back: after a crash, or since its time has come.
    Revived,
}

/// The right to be driven. It goes back when it is dropped.
pub(crate) struct Place {
    admission: Arc<Admission>,
    origin: Origin,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.origin).finish()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.admission.book();
        match self.origin {
            Origin::Started => book.started -= 1,
            Origin::Revived => book.revived -= 1,
        }
        drop(book);
        self.admission.changed.notify_one();
    }
}

impl Admission {
    pub(crate) fn new(max_active: usize) -> Arc<Self> {
        Arc::new(Self { max_active, book: Mutex::default(), changed: Notify::new() })
    }

    /// Gives places to nothing but what is read back, until told otherwise: who else wants one waits in the queue.
    pub(crate) fn hold_back(&self, holds_back: bool) {
        self.book().holds_back = holds_back;
        self.changed.notify_one();
    }

    /// Whether places are given to nothing but what is read back.
    pub(crate) fn holds_back(&self) -> bool {
        self.book().holds_back
    }

    /// A place, if one is free. A started instance does not overtake one that is queued, and those read back
    /// leave half of the places to those that start: a recovery does not hold them up.
    pub(crate) fn try_place(self: &Arc<Self>, origin: Origin) -> Option<Place> {
        let mut book = self.book();
        if book.started + book.revived >= self.max_active {
            return None;
        }
        match origin {
            Origin::Started if book.queue.is_empty() && !book.holds_back => book.started += 1,
            Origin::Revived if book.revived < self.revived_max() => book.revived += 1,
            Origin::Started | Origin::Revived => return None,
        }
        Some(Place { admission: Arc::clone(self), origin })
    }

    /// Puts a durable instance at the end of the queue.
    pub(crate) fn enqueue(&self, id: InstanceId) {
        self.book().queue.push_back(id);
        self.changed.notify_one();
    }

    /// The next instances of the queue with places for them, at most `limit`.
    pub(crate) fn next_queued(self: &Arc<Self>, limit: usize) -> Vec<(InstanceId, Place)> {
        let mut next = Vec::new();
        let mut book = self.book();
        while next.len() < limit
            && !book.holds_back
            && book.started + book.revived < self.max_active
            && let Some(id) = book.queue.pop_front()
        {
            book.started += 1;
            next.push((id, Place { admission: Arc::clone(self), origin: Origin::Started }));
        }
        next
    }

    /// How many wait for a place.
    #[cfg(feature = "metrics")]
    pub(crate) fn queued(&self) -> usize {
        self.book().queue.len()
    }

    /// Waits until a place was given back or an instance queued since the last call.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Makes [`changed`](Self::changed) return.
    pub(crate) fn nudge(&self) {
        self.changed.notify_one();
    }

    fn revived_max(&self) -> usize {
        (self.max_active / 2).max(1)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
