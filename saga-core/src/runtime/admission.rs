//! How many instances are driven at once, and who is next.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::id::InstanceId;

/// Counts the instances that are driven, and keeps the ids of those that wait for a place.
pub(crate) struct Admission {
    max_active: usize,
    max_queued: Option<usize>,
    book: Mutex<Book>,
    /// The started instances that wait for a place.
    queued: Arc<AtomicUsize>,
    changed: Notify,
}

#[derive(Default)]
struct Book {
    started: usize,
    revived: usize,
    /// Nothing but what is read back is given a place.
    holds_back: bool,
    /// In their order. Who has no slot any more is passed over; the first one has.
    queue: VecDeque<InstanceId>,
    slots: HashMap<InstanceId, Slot>,
    /// Those that somebody has resumed. They wait apart, so that many of them do not hold up what starts.
    resumed: VecDeque<InstanceId>,
    /// Whose turn it is when some of both wait.
    resumed_is_next: bool,
}

impl Book {
    fn pop_queued(&mut self) -> Option<InstanceId> {
        let id = self.queue.pop_front()?;
        self.dequeue(&id);
        Some(id)
    }

    fn dequeue(&mut self, id: &InstanceId) {
        self.slots.remove(id);
        while self.queue.front().is_some_and(|first| !self.slots.contains_key(first)) {
            self.queue.pop_front();
        }
    }
}

/// Whose place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An instance that was started in this stay.
    Started,
    /// One that was read back: after a crash, or since its time has come.
    Revived,
    /// One that was read back since somebody has decided about it.
    Resumed,
}

/// The right to be driven. It goes back when it is dropped.
pub(crate) struct Place {
    admission: Arc<Admission>,
    origin: Origin,
}

/// The right to wait for a place. It goes back when it is dropped.
pub(crate) struct Slot {
    /// Where it is counted, if it is.
    queued: Option<Arc<AtomicUsize>>,
}

/// How a new instance may begin.
pub(crate) enum Seat {
    /// At once.
    Place(Place),
    /// When it is its turn.
    Slot(Slot),
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
            Origin::Revived | Origin::Resumed => book.revived -= 1,
        }
        drop(book);
        self.admission.changed.notify_one();
    }
}

impl Slot {
    /// One that nobody counts: what is its own to start was counted before.
    pub(crate) const fn uncounted() -> Self {
        Self { queued: None }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(queued) = &self.queued {
            queued.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Admission {
    pub(crate) fn new(max_active: usize, max_queued: Option<usize>) -> Arc<Self> {
        let (book, queued, changed) = (Mutex::default(), Arc::default(), Notify::new());
        Arc::new(Self { max_active, max_queued, book, queued, changed })
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
            Origin::Resumed if !book.resumed.is_empty() || book.holds_back => return None,
            Origin::Revived | Origin::Resumed if book.revived < self.revived_max() => book.revived += 1,
            Origin::Started | Origin::Revived | Origin::Resumed => return None,
        }
        Some(Place { admission: Arc::clone(self), origin })
    }

    /// A place for a new instance, or else the right to wait for one; none if as many wait as may. The child of an
    /// instance may always: that was let in before.
    pub(crate) fn try_seat(self: &Arc<Self>, is_child: bool) -> Option<Seat> {
        if let Some(place) = self.try_place(Origin::Started) {
            return Some(Seat::Place(place));
        }
        if is_child {
            return Some(Seat::Slot(Slot::uncounted()));
        }
        let more =
            |queued: usize| self.max_queued.is_none_or(|max| queued < max).then(|| queued.saturating_add(1));
        let counted = self.queued.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        counted.ok().map(|_| Seat::Slot(Slot { queued: Some(Arc::clone(&self.queued)) }))
    }

    /// Puts a durable instance at the end of the queue.
    pub(crate) fn enqueue(&self, id: InstanceId, slot: Slot) {
        let mut book = self.book();
        book.slots.entry(id.clone()).or_insert(slot);
        book.queue.push_back(id);
        drop(book);
        self.changed.notify_one();
    }

    /// Forgets an instance that waits for a place no more.
    pub(crate) fn dequeue(&self, id: &InstanceId) {
        self.book().dequeue(id);
    }

    /// Lets an instance that somebody has resumed wait for a place.
    pub(crate) fn enqueue_resumed(&self, id: InstanceId) {
        self.book().resumed.push_back(id);
        self.changed.notify_one();
    }

    /// The next instances of the queue with places for them, at most `limit`. Those that were resumed take turns with
    /// the others, for as many places as those read back may have.
    pub(crate) fn next_queued(self: &Arc<Self>, limit: usize) -> Vec<(InstanceId, Place)> {
        let mut next = Vec::new();
        let mut book = self.book();
        while next.len() < limit && !book.holds_back && book.started + book.revived < self.max_active {
            let may_resume = book.revived < self.revived_max() && !book.resumed.is_empty();
            let resumes = may_resume && (book.resumed_is_next || book.queue.is_empty());
            book.resumed_is_next = !resumes;
            let (id, origin) = match resumes {
                true => (book.resumed.pop_front(), Origin::Resumed),
                false => (book.pop_queued(), Origin::Started),
            };
            let Some(id) = id else { break };
            match origin {
                Origin::Started => book.started += 1,
                Origin::Revived | Origin::Resumed => book.revived += 1,
            }
            next.push((id, Place { admission: Arc::clone(self), origin }));
        }
        next
    }

    /// Whether the instance waits for a place.
    pub(crate) fn has_queued(&self, id: &InstanceId) -> bool {
        let book = self.book();
        book.slots.contains_key(id) || book.resumed.contains(id)
    }

    /// How many wait for a place.
    #[cfg(feature = "metrics")]
    pub(crate) fn queued(&self) -> usize {
        self.book().slots.len()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(next: &[(InstanceId, Place)]) -> Vec<&str> {
        next.iter().map(|(id, _)| id.as_str()).collect()
    }

    fn id(name: &str) -> InstanceId {
        InstanceId::new(name).unwrap()
    }

    #[test]
    fn who_waits_is_counted_until_it_is_its_turn() {
        let admission = Admission::new(1, Some(2));
        let Some(Seat::Place(place)) = admission.try_seat(false) else { panic!("one is free") };
        let mut slots = Vec::new();
        for _ in 0..2 {
            let Some(Seat::Slot(slot)) = admission.try_seat(false) else { panic!("two may wait") };
            slots.push(slot);
        }
        assert!(admission.try_seat(false).is_none());
        assert!(matches!(admission.try_seat(true), Some(Seat::Slot(_))), "a child may always wait");
        assert!(admission.try_seat(false).is_none(), "and takes nobody's slot");
        slots.pop();
        admission.enqueue(id("first"), slots.pop().unwrap());
        let Some(Seat::Slot(second)) = admission.try_seat(false) else { panic!("one came to nothing") };
        admission.enqueue(id("second"), second);
        assert!(admission.try_seat(false).is_none());
        drop(place);
        assert!(admission.try_seat(false).is_none(), "the place is that of the first");
        let next = admission.next_queued(10);
        assert_eq!(ids(&next), ["first"]);
        assert!(matches!(admission.try_seat(false), Some(Seat::Slot(_))));
    }

    #[test]
    fn who_waits_no_more_holds_up_nobody() {
        let admission = Admission::new(1, Some(3));
        let Some(Seat::Place(place)) = admission.try_seat(false) else { panic!("one is free") };
        for name in ["first", "second", "third"] {
            let Some(Seat::Slot(slot)) = admission.try_seat(false) else { panic!("three may wait") };
            admission.enqueue(id(name), slot);
        }
        admission.enqueue_resumed(id("resumed"));
        admission.dequeue(&id("second"));
        assert!(matches!(admission.try_seat(false), Some(Seat::Slot(_))), "there is room again");
        admission.dequeue(&id("first"));
        drop(place);
        let next = admission.next_queued(10);
        assert_eq!(ids(&next), ["third"]);
        drop(next);
        assert_eq!(ids(&admission.next_queued(10)), ["resumed"]);
        assert!(matches!(admission.try_seat(false), Some(Seat::Place(_))), "nobody waits any more");
    }

    #[test]
    fn those_that_were_resumed_take_turns_and_leave_half_of_the_places() {
        let admission = Admission::new(4, None);
        for name in ["r1", "r2", "r3"] {
            admission.enqueue_resumed(id(name));
        }
        assert!(admission.try_place(Origin::Resumed).is_none(), "who waits comes first");
        let only = admission.next_queued(10);
        assert_eq!(ids(&only), ["r1", "r2"], "half of the places");
        for name in ["s1", "s2", "s3"] {
            admission.enqueue(id(name), Slot::uncounted());
        }
        assert_eq!(ids(&admission.next_queued(10)), ["s1", "s2"]);
        drop(only);
        let both = admission.next_queued(10);
        assert_eq!(ids(&both).len(), 2);
        assert!(ids(&both).contains(&"r3") && ids(&both).contains(&"s3"), "{both:?}");
        assert!(admission.next_queued(10).is_empty());
    }
}
