//! Group commit: the writes of all instances, collected while the batch before is made durable.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tracing::{error, warn};

use crate::runtime::instance::Live;
use crate::runtime::metrics::Recording;
use crate::runtime::reappend::{is_new, reappend};
use crate::runtime::shutdown::{Lifecycle, Work};
use crate::store::{Refusal, Store, StoreError, Write};

/// The most writes of a batch: enough that the commit costs each of them little, few enough that the first does
/// not wait long for the last.
const BATCH_ENTRIES_MAX: usize = 1024;

/// The most bytes of a batch, so that large payloads do not make it long.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The first and the longest pause between two tries to get a failing store to work again.
const REPAIR_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What became of a write.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// It is durable.
    Durable,
    /// The store did not take it.
    Refused(Refusal),
    /// It is not known to be durable, and nothing more is done about it here.
    Failed(StoreError),
}

/// Where instances hand in their writes.
pub(crate) struct Committer {
    queue: Mutex<Queue>,
    filled: Notify,
}

/// What is handed in and not taken yet.
#[derive(Default)]
struct Queue {
    pending: Vec<Pending>,
    /// Nobody commits any more.
    closed: bool,
}

/// A write and whom to tell of it.
struct Pending {
    write: Write,
    teller: Teller,
    _work: Work,
}

/// Writes that are made in one commit.
#[derive(Default)]
struct Batch {
    writes: Vec<Write>,
    tellers: Vec<Teller>,
    works: Vec<Work>,
}

impl From<Vec<Pending>> for Batch {
    fn from(all: Vec<Pending>) -> Self {
        let mut batch = Self::default();
        batch.join(all);
        batch
    }
}

impl Batch {
    fn join(&mut self, all: Vec<Pending>) {
        self.writes.reserve(all.len());
        self.tellers.reserve(all.len());
        self.works.reserve(all.len());
        for Pending { write, teller, _work: work } in all {
            self.writes.push(write);
            self.tellers.push(teller);
            self.works.push(work);
        }
    }

    /// Tells those whose write has a result, and keeps the others.
    fn tell(&mut self, results: Vec<Option<Written>>) {
        let Self { writes, tellers, works } = std::mem::take(self);
        for (((write, teller), work), result) in writes.into_iter().zip(tellers).zip(works).zip(results) {
            match result {
                Some(written) => {
                    teller.written(written);
                    // Only now: an attempt that was announced counts as work before its announcement no longer does.
                    drop(work);
                }
                None => self.join(vec![Pending { write, teller, _work: work }]),
            }
        }
    }

    /// Whether all are of one instance.
    fn is_of_one(&self) -> bool {
        let first = self.writes.first().map(Write::id);
        self.writes.iter().all(|write| Some(write.id()) == first)
    }
}

/// Who is told what became of a write.
enum Teller {
    /// The instance it is an entry of.
    Live(Arc<Live>),
    /// Somebody who waits for the answer.
    Answer(oneshot::Sender<Written>),
}

impl Teller {
    fn written(self, written: Written) {
        match self {
            Self::Live(live) => live.written(written),
            // Who no longer waits needs no answer.
            Self::Answer(answer) => drop(answer.send(written)),
        }
    }

    /// Whether somebody waits for the answer, who was not told yet that the store does not work.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Live(live) => live.is_awaited(),
            Self::Answer(_) => false,
        }
    }

    /// The instance, if this is its first entry.
    fn being_created(&self) -> Option<&Arc<Live>> {
        match self {
            Self::Live(live) if !live.is_created() => Some(live),
            Self::Live(_) | Self::Answer(_) => None,
        }
    }
}

impl Committer {
    pub(crate) fn new() -> Self {
        Self { queue: Mutex::default(), filled: Notify::new() }
    }

    /// Hands in a write. `live` is told what became of it.
    pub(crate) fn submit(&self, write: Write, live: Arc<Live>) {
        let work = Lifecycle::work(live.shared());
        self.push(Pending { write, teller: Teller::Live(live), _work: work });
    }

    /// Hands in a write. What became of it is the answer.
    pub(crate) fn submit_for(&self, write: Write, answer: oneshot::Sender<Written>, work: Work) {
        self.push(Pending { write, teller: Teller::Answer(answer), _work: work });
    }

    /// Drops what is handed in, and what will be, since nobody commits it any more: who waits for an answer learns
    /// that there is none, and what is handed in holds what it was handed in to.
    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        let dropped = std::mem::take(&mut queue.pending);
        drop(queue);
        drop(dropped);
    }

    fn push(&self, pending: Pending) {
        let mut queue = self.queue();
        if queue.closed {
            drop(queue);
            return drop(pending);
        }
        queue.pending.push(pending);
        drop(queue);
        self.filled.notify_one();
    }

    /// Commits what is handed in, until the stay has ended and nothing is left.
    pub(crate) async fn run(
        &self,
        store: &dyn Store,
        lifecycle: &Lifecycle,
        repairing: &tokio::sync::Mutex<()>,
        recording: &Recording,
    ) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                tokio::select! {
                    biased;
                    () = self.filled.notified() => {}
                    () = lifecycle.drained() => return,
                }
                continue;
            }
            let mut batch = Batch::from(batch);
            let begun = Instant::now();
            let results = match store.append(&batch.writes).await {
                Ok(results) => {
                    recording.committed(batch.writes.len(), batch.writes.iter().map(size_of).sum(), begun);
                    results.into_iter().map(Written::from).collect()
                }
                Err(error) => {
                    recording.commit_failed();
                    self.repair(store, lifecycle, repairing, &mut batch, error).await
                }
            };
            for (teller, written) in batch.tellers.into_iter().zip(results) {
                teller.written(written);
            }
            // Only now: an attempt that was announced counts as work before its announcement no longer does.
            drop(batch.works);
        }
    }

    /// The next batch, within its limits; one write is always taken.
    fn take(&self) -> Vec<Pending> {
        let queue = &mut self.queue().pending;
        let mut bytes = 0;
        let fits = queue.iter().take(BATCH_ENTRIES_MAX).take_while(|pending| {
            bytes += size_of(&pending.write);
            bytes <= BATCH_BYTES_MAX
        });
        let count = fits.count().max(1).min(queue.len());
        let rest = queue.split_off(count);
        std::mem::replace(queue, rest)
    }

    /// After a failed commit: reopens the store and reads back. What is found was written; what is not found is
    /// written now. New instances and signals are tried once more, then their callers are told, and only what is
    /// found of them or asked for again goes on; entries are tried until the store takes them or the stay ends. A
    /// sync is never repeated on the same handle, since a kernel reports a lost page only once.
    ///
    /// Where all that is not written is of one instance, it may be that one whose page is damaged. What others hand in
    /// shows: it joins the batch, and is written whatever becomes of the one.
    async fn repair(
        &self,
        store: &dyn Store,
        lifecycle: &Lifecycle,
        repairing: &tokio::sync::Mutex<()>,
        batch: &mut Batch,
        mut error: StoreError,
    ) -> Vec<Written> {
        let mut results: Vec<Option<Written>> = vec![None; batch.writes.len()];
        let (mut pause, longest) = REPAIR_PAUSES;
        let (mut round, mut tried) = (0, 0);
        loop {
            let Batch { writes, tellers, .. } = &*batch;
            warn!(error = %error, round, writes = writes.len(), "a commit failed, reading back");
            let wanted = tellers.iter().enumerate().map(|(at, teller)| tried <= at || teller.is_awaited());
            let wanted: Vec<_> = wanted.collect();
            // Not while it pauses: whoever reads instances may have to repair the store meanwhile.
            let one_at_a_time = repairing.lock().await;
            let reappended = reappend(store, writes, &mut results, &wanted).await;
            drop(one_at_a_time);
            match reappended {
                Ok(()) => break,
                Err(again) => error = again,
            }
            round += 1;
            // Those that are known to be written, or not to be, do not wait for the others.
            batch.tell(std::mem::take(&mut results));
            tried = batch.writes.len();
            results.resize(tried, None);
            batch
                .tellers
                .iter()
                .filter_map(Teller::being_created)
                .for_each(|live| live.doubt_creation(&error));
            let is_of_one = batch.is_of_one();
            if !is_of_one {
                self.refuse_new(&error);
            }
            if lifecycle.is_ending() {
                error!(error = %error, "the store does not work: instances stay where their journal ends");
                break;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(longest),
                () = self.filled.notified(), if is_of_one => {}
                () = lifecycle.ending() => {}
            }
            if is_of_one {
                batch.join(self.take());
                results.resize(batch.writes.len(), None);
            }
        }
        results.into_iter().map(|result| result.unwrap_or_else(|| Written::Failed(error.clone()))).collect()
    }

    /// Tells the callers whose instances wait to be created that the store does not work. None of these was
    /// handed to it.
    fn refuse_new(&self, error: &StoreError) {
        let mut queue = self.queue();
        let pending = std::mem::take(&mut queue.pending);
        let (refused, kept): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|pending| is_new(&pending.write));
        queue.pending = kept;
        drop(queue);
        for pending in refused {
            pending.teller.written(Written::Failed(error.clone()));
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Result<(), Refusal>> for Written {
    fn from(result: Result<(), Refusal>) -> Self {
        match result {
            Ok(()) => Self::Durable,
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// The bytes that count towards a batch's limit.
fn size_of(write: &Write) -> usize {
    match write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => entry.events.len(),
        Write::Signal { signal, .. } => signal.payload.len(),
        Write::MarkUnreadable { .. } => 0,
    }
}
