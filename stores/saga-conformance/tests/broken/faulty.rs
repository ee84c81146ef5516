//! Stores with one fault each.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use saga_conformance::Fixture;
use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, Payload, Progress};
use saga_core::store::{
    Defined, Due, InUse, LeftBehind, MemoryStore, Position, Query, Refusal, SIGNALS_MAX, Signal, Store,
    StoreError, StoreErrorKind, Stored, Unfinished, Wanted, Write,
};
use saga_core::time::Timestamp;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    EpochsRepeat,
    LeasesNeverPass,
    ReleaseIsForgotten,
    StaysComeBack,
    EndedStaysAreServed,
    StaysEndAtReopening,
    TakenIdsAreTakenAgain,
    AnyNumberIsFirst,
    RepeatsAreFine,
    GapsAreClosed,
    UnknownIsSequence,
    EpochIsNotChecked,
    BatchStopsAtRefusal,
    RefusedProgressIsKept,
    OneWriteAnInstance,
    EmptyBatchFails,
    WritesGetLost,
    HeadForgetsAttempts,
    TextIsTrimmed,
    IdsHaveNoCase,
    PagesAreBackwards,
    ProgressIsForgotten,
    MarkIsForgotten,
    ClaimIsBackwards,
    ClaimTakesFromTheLiving,
    ClaimTakesWhatWaits,
    ClaimGivesTwice,
    ClaimClearsDue,
    OnlyActiveIsOne,
    DueIsBackwards,
    DueComesTwice,
    DueForgetsTheState,
    DueTakesFromTheLiving,
    NeverIsDue,
    NeverIsNext,
    SignalsAreSorted,
    SignalsComeTwice,
    SignalsAreFenced,
    SignalsComeAfterTheEnd,
    InboxesAreEndless,
    FullInboxesForgetRepeats,
    SignalsWakeNobody,
    EntriesWakeNobody,
    CallsAreForgotten,
    CallsOutliveHandingOut,
    RefusedEntriesWake,
    WakingNeedsSomebody,
    DefinitionsAreDoubled,
    NothingIsInUse,
    CloseIsForgotten,
    ReopeningForgets,
    OpeningForgets,
}

/// Data, opened with a fault.
pub(crate) struct FaultyFixture {
    pub(crate) fault: Fault,
    data: MemoryStore,
}

impl FaultyFixture {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, data: MemoryStore::new() }
    }
}

#[async_trait]
impl Fixture for FaultyFixture {
    async fn open(&self) -> Arc<dyn Store> {
        let data = if self.fault == Fault::OpeningForgets { MemoryStore::new() } else { self.data.clone() };
        Arc::new(FaultyStore {
            fault: self.fault,
            inner: RwLock::new(Arc::new(data)),
            memory: Mutex::new(Memory::default()),
        })
    }
}

struct FaultyStore {
    fault: Fault,
    inner: RwLock<Arc<MemoryStore>>,
    memory: Mutex<Memory>,
}

/// What the faults remember.
#[derive(Default)]
struct Memory {
    epochs: Vec<Epoch>,
    writes: usize,
    claimed: Vec<InstanceId>,
    due: Vec<InstanceId>,
    inactive_due: Vec<InstanceId>,
    asleep: Vec<InstanceId>,
    sent: Vec<(InstanceId, Signal)>,
}

/// Later than any time that the kit has instances wait for, and before the end of its leases.
const FAR: Timestamp = Timestamp::from_millis(1_700_000_999_999);

impl FaultyStore {
    fn inner(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.inner.read().unwrap())
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn with<T>(&self, f: impl FnOnce(&mut Memory) -> T) -> T {
        f(&mut self.memory.lock().unwrap())
    }

    fn epochs(&self) -> Vec<Epoch> {
        self.with(|memory| memory.epochs.clone())
    }

    async fn end_others(&self, epoch: Epoch) -> Result<(), StoreError> {
        for other in self.epochs() {
            if other != epoch {
                self.inner().release(other).await?;
            }
        }
        Ok(())
    }

    /// The answer to a signal that a fault gives before the store is asked.
    async fn refused_signal(&self, id: &InstanceId) -> Result<Option<Refusal>, StoreError> {
        let full = match self.inner().load(std::slice::from_ref(id)).await?.remove(0) {
            Some(stored) => stored.signals.len() >= SIGNALS_MAX,
            None => false,
        };
        Ok(match self.fault {
            Fault::SignalsAreFenced if self.epochs().len() > 1 => Some(Refusal::Fenced),
            Fault::FullInboxesForgetRepeats if full => Some(Refusal::Full),
            _ => None,
        })
    }

    /// Makes a write, with the faults that change it or its answer.
    async fn write(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        let count = self.with(|memory| {
            memory.writes += 1;
            memory.writes
        });
        if self.has(Fault::WritesGetLost) && count.is_multiple_of(100) {
            return Ok(Ok(()));
        }
        if let Write::Signal { id, .. } = write
            && let Some(refusal) = self.refused_signal(id).await?
        {
            return Ok(Err(refusal));
        }
        let mut write = write.clone();
        match &mut write {
            Write::Create { head, .. } if head.progress.due == Some(Timestamp::NEVER) => {
                self.with(|memory| memory.asleep.push(head.id.clone()));
            }
            Write::Signal { id, signal } => {
                self.with(|memory| memory.sent.push((id.clone(), signal.clone())));
                if self.has(Fault::SignalsWakeNobody) {
                    signal.at = Timestamp::NEVER;
                }
            }
            Write::Append { wake, .. } if self.has(Fault::EntriesWakeNobody) => *wake = None,
            Write::Append { wake: Some(id), .. } if self.has(Fault::WakingNeedsSomebody) => {
                if self.inner().head(id).await?.is_none() {
                    return Ok(Err(Refusal::NotFound));
                }
            }
            Write::Create { entry, .. } if self.has(Fault::AnyNumberIsFirst) => entry.seq = Seq::FIRST,
            Write::Append { id, entry, .. } if self.has(Fault::GapsAreClosed) => {
                if let Some(head) = self.inner().head(id).await?.filter(|head| head.seq < entry.seq) {
                    entry.seq = head.seq.next();
                }
            }
            Write::Append { progress, .. } if self.has(Fault::ProgressIsForgotten) => *progress = None,
            Write::MarkUnreadable { .. } if self.has(Fault::MarkIsForgotten) => return Ok(Ok(())),
            Write::Append { id, progress: Some(Progress { due: Some(_), state, .. }), .. }
                if !state.is_unfinished() =>
            {
                self.with(|memory| memory.inactive_due.push(id.clone()));
            }
            Write::Create { .. } | Write::Append { .. } | Write::MarkUnreadable { .. } => {}
        }
        self.miscall(&mut write).await?;
        let answer = self.one(&write).await?;
        self.answer(&write, answer).await
    }

    /// Calls an instance that begins to wait as the faults do: never, or for every signal that it has had.
    async fn miscall(&self, write: &mut Write) -> Result<(), StoreError> {
        let Write::Append { id, entry, progress: Some(Progress { due: Some(due), .. }), .. } = write else {
            return Ok(());
        };
        if self.has(Fault::CallsAreForgotten) {
            // Handing it out to who has it ends the call.
            self.inner().claim(entry.epoch, Timestamp::from_millis(0), Wanted::One(id)).await?;
        }
        if self.has(Fault::CallsOutliveHandingOut) {
            let sent = self.with(|memory| memory.sent.clone());
            let calls = sent.iter().filter(|(to, _)| to == id).map(|(_, signal)| signal.at);
            *due = calls.min().map_or(*due, |called| called.min(*due));
        }
        Ok(())
    }

    /// The answer to a write, as the fault has it.
    async fn answer(
        &self,
        write: &Write,
        answer: Result<(), Refusal>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        match (self.fault, answer) {
            (Fault::TakenIdsAreTakenAgain, Err(Refusal::Exists))
            | (Fault::RepeatsAreFine, Err(Refusal::Sequence))
            | (Fault::SignalsComeAfterTheEnd, Err(Refusal::Finished))
            | (Fault::InboxesAreEndless, Err(Refusal::Full)) => Ok(Ok(())),
            (Fault::UnknownIsSequence, Err(Refusal::NotFound)) => Ok(Err(Refusal::Sequence)),
            (Fault::EpochIsNotChecked, Err(Refusal::Fenced)) => {
                for epoch in self.epochs() {
                    let answer = self.one(&under(write, epoch)).await?;
                    if answer != Err(Refusal::Fenced) {
                        return Ok(answer);
                    }
                }
                Ok(answer)
            }
            (Fault::RefusedProgressIsKept, Err(Refusal::Sequence)) => {
                if let Write::Append { id, entry, progress, wake } = write
                    && let Some(head) = self.inner().head(id).await?
                {
                    let entry = EncodedEntry { seq: head.seq.next(), ..entry.clone() };
                    let (id, progress, wake) = (id.clone(), progress.clone(), wake.clone());
                    self.one(&Write::Append { id, entry, progress, wake }).await?.ok();
                }
                Ok(answer)
            }
            (Fault::RefusedEntriesWake, Err(_)) => {
                if let Write::Append { entry, wake: Some(id), .. } = write {
                    let payload = Payload::NOTHING;
                    let signal = Signal { id: String::new(), step: StepName::new(""), payload, at: entry.at };
                    self.one(&Write::Signal { id: id.clone(), signal }).await?.ok();
                }
                Ok(answer)
            }
            (_, answer) => Ok(answer),
        }
    }

    async fn one(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        Ok(self.inner().append(std::slice::from_ref(write)).await?.remove(0))
    }

    fn id(&self, id: &InstanceId) -> InstanceId {
        if self.has(Fault::IdsHaveNoCase) {
            InstanceId::new(id.as_str().to_lowercase()).unwrap()
        } else {
            id.clone()
        }
    }

    fn head_as_read(&self, mut head: Head) -> Head {
        if self.has(Fault::HeadForgetsAttempts) {
            head.progress.attempts = 0;
        }
        head
    }

    fn signals_as_read(&self, id: &InstanceId, mut signals: Vec<Signal>) -> Vec<Signal> {
        match self.fault {
            Fault::SignalsAreSorted => signals.sort_by(|one, other| one.id.cmp(&other.id)),
            Fault::SignalsComeTwice => {
                let sent = self.with(|memory| memory.sent.clone());
                signals = sent.into_iter().filter(|(to, _)| to == id).map(|(_, signal)| signal).collect();
            }
            _ => {}
        }
        signals
    }

    fn entry_as_read(&self, mut entry: EncodedEntry) -> EncodedEntry {
        if self.has(Fault::TextIsTrimmed) {
            entry.events = entry.events.trim().to_owned();
        }
        entry
    }
}

/// The same write under another epoch.
fn under(write: &Write, epoch: Epoch) -> Write {
    let mut write = write.clone();
    match &mut write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => entry.epoch = epoch,
        Write::Signal { .. } => {}
        Write::MarkUnreadable { epoch: of, .. } => *of = epoch,
    }
    write
}

#[async_trait]
impl Store for FaultyStore {
    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        let epoch = self.inner().join(now, lease_until).await?;
        self.with(|memory| memory.epochs.push(epoch));
        Ok(if self.has(Fault::EpochsRepeat) { Epoch::new(1) } else { epoch })
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        let renewed = self.inner().renew(epoch, now, lease_until).await?;
        Ok(renewed || self.has(Fault::LeasesNeverPass))
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        if self.has(Fault::ReleaseIsForgotten) { Ok(()) } else { self.inner().release(epoch).await }
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.inner().left_behind(epoch).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.inner().settle(epoch).await
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.inner().define(definition).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        let mut defined = self.inner().defined(saga, version).await?;
        match self.fault {
            Fault::DefinitionsAreDoubled => defined.extend(defined.clone()),
            Fault::NothingIsInUse => defined.iter_mut().for_each(|(_, in_use)| *in_use = InUse::No),
            _ => {}
        }
        Ok(defined)
    }

    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        self.inner().reopen().await?;
        if batch.is_empty() && self.has(Fault::EmptyBatchFails) {
            return Err(StoreError::new(StoreErrorKind::Io, "the batch is empty"));
        }
        let (mut answers, mut written) = (Vec::new(), HashSet::new());
        for write in batch {
            let again = !written.insert(write.id().clone()) && self.has(Fault::OneWriteAnInstance);
            let stopped = answers.iter().any(Result::is_err) && self.has(Fault::BatchStopsAtRefusal);
            let answer = if again || stopped { Err(Refusal::Sequence) } else { self.write(write).await? };
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        let ids: Vec<InstanceId> = ids.iter().map(|id| self.id(id)).collect();
        let found = self.inner().load(&ids).await?.into_iter().map(|found| {
            found.map(|found| Stored {
                signals: self.signals_as_read(&found.head.id, found.signals),
                head: self.head_as_read(found.head),
                entries: found.entries.into_iter().map(|entry| self.entry_as_read(entry)).collect(),
            })
        });
        Ok(if self.has(Fault::PagesAreBackwards) { found.rev().collect() } else { found.collect() })
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        Ok(self.inner().head(&self.id(id)).await?.map(|head| self.head_as_read(head)))
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let inner = self.inner();
        let now = if self.has(Fault::StaysComeBack) { Timestamp::from_millis(0) } else { now };
        if self.has(Fault::ClaimTakesFromTheLiving) {
            self.end_others(epoch).await?;
        }
        let mut claimed = inner.claim(epoch, now, wanted).await?;
        match (self.fault, wanted) {
            (Fault::EndedStaysAreServed, Wanted::One(id)) if claimed.is_empty() => claimed.push(id.clone()),
            (Fault::OnlyActiveIsOne, Wanted::One(id)) => {
                let active = inner.head(id).await?.is_some_and(|head| head.progress.state.is_active());
                claimed.retain(|_| active);
            }
            (Fault::ClaimIsBackwards, _) => claimed.reverse(),
            (Fault::ClaimTakesWhatWaits, Wanted::Active { limit }) => {
                claimed.extend(inner.due(epoch, FAR, limit).await?.ids);
            }
            (Fault::ClaimClearsDue, _) => drop(inner.due(epoch, FAR, usize::MAX).await?),
            (Fault::ClaimGivesTwice, Wanted::Active { .. }) => {
                let before = self.with(|memory| std::mem::replace(&mut memory.claimed, claimed.clone()));
                claimed.extend(before);
            }
            _ => {}
        }
        Ok(claimed)
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        if self.has(Fault::DueTakesFromTheLiving) {
            self.end_others(epoch).await?;
        }
        let mut due = self.inner().due(epoch, now, limit).await?;
        match self.fault {
            Fault::DueIsBackwards => due.ids.reverse(),
            Fault::DueComesTwice => {
                let before = self.with(|memory| std::mem::replace(&mut memory.due, due.ids.clone()));
                due.ids.extend(before);
            }
            Fault::NeverIsDue => due.ids.extend(self.with(|memory| memory.asleep.clone())),
            Fault::NeverIsNext if self.with(|memory| !memory.asleep.is_empty()) => {
                due.next = due.next.or(Some(Timestamp::NEVER));
            }
            Fault::DueForgetsTheState => due.ids.extend(self.with(|memory| memory.inactive_due.clone())),
            _ => {}
        }
        Ok(due)
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        self.inner().query(query).await
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.inner().unfinished().await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        self.inner().delete(ids).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        match self.fault {
            Fault::StaysEndAtReopening => self.end_others(Epoch::new(0)).await,
            Fault::ReopeningForgets => {
                *self.inner.write().unwrap() = Arc::new(MemoryStore::new());
                Ok(())
            }
            _ => self.inner().reopen().await,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.has(Fault::CloseIsForgotten) { Ok(()) } else { self.inner().close().await }
    }
}
