//! Stores with one fault each.

mod asking;
mod store;
mod writing;

pub(crate) use asking::Part;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use saga_conformance::Fixture;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{EncodedEntry, Head};
use saga_core::store::{MemoryStore, Signal, Store, StoreError};
use saga_core::time::Timestamp;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    EpochsRepeat,
    LeasesNeverPass,
    ReleaseIsForgotten,
    StaysComeBack,
    EndedStaysAreServed,
    EndedStaysCreateNothing,
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
    BusyWhenCrowded,
    BatchesAreCut,
    HeadForgetsAttempts,
    HeadForgetsParent,
    TextIsTrimmed,
    JournalsAreCut,
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
    IdleStaysWithTheLiving,
    UnreadableStaysWithTheLiving,
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
    CallsCountOnce,
    SignalsCallOnlyTheRunning,
    EntriesCallOnlyTheRunning,
    CallsOutliveHandingOut,
    RefusedEntriesWake,
    WakingNeedsSomebody,
    DefinitionsAreDoubled,
    NothingIsInUse,
    UncleanEndsAreForgotten,
    CleanEndsAreUnclean,
    UncleanEndsAreEndless,
    SettlingIsForgotten,
    SettlingForgetsAll,
    ClocksNeverGoBack,
    ClocksGoBackAtOnce,
    ClocksGoBackAgain,
    RenewalsTellNoTime,
    RenewalsTellTheLastTime,
    QueryIsSorted,
    QueryForgets(Part),
    UntilIsExclusive,
    PrefixHasNoCase,
    PagesAreLarger,
    PagesOverlap,
    PagesSkip,
    PlacesAreCounted,
    CountsForgetTheUnreadable,
    CountsFlagTheEnded,
    OldestIsTheFirst,
    DeleteTakesTheUnfinished,
    DeleteIsForgotten,
    DeleteCountsAll,
    ChildrenAreForgotten,
    DeletedIdsStayTaken,
    JournalsOutliveDeletion,
    CallsOutliveDeletion,
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
            appending: AtomicUsize::new(0),
        })
    }
}

struct FaultyStore {
    fault: Fault,
    inner: RwLock<Arc<MemoryStore>>,
    memory: Mutex<Memory>,
    appending: AtomicUsize,
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
    released: Vec<Epoch>,
    joined: Vec<(Epoch, Timestamp)>,
    told: Option<Timestamp>,
    latest: Option<Timestamp>,
    parents: HashMap<InstanceId, InstanceId>,
    creators: HashMap<InstanceId, Epoch>,
    deleted: HashMap<InstanceId, Vec<EncodedEntry>>,
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
        if self.has(Fault::HeadForgetsParent) {
            head.parent = None;
        }
        if self.has(Fault::ChildrenAreForgotten) {
            head.parent = self.with(|memory| memory.parents.get(&head.id).cloned());
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

    fn journal_as_read(&self, id: &InstanceId, entries: Vec<EncodedEntry>) -> Vec<EncodedEntry> {
        const ENTRIES_MAX: usize = 10_000;
        let before = match self.fault {
            Fault::JournalsOutliveDeletion => self.with(|memory| memory.deleted.get(id).cloned()),
            _ => None,
        };
        let entries = before.into_iter().flatten().chain(entries).map(|entry| self.entry_as_read(entry));
        entries.take(if self.has(Fault::JournalsAreCut) { ENTRIES_MAX } else { usize::MAX }).collect()
    }

    fn entry_as_read(&self, mut entry: EncodedEntry) -> EncodedEntry {
        if self.has(Fault::TextIsTrimmed) {
            entry.events = entry.events.trim().to_owned();
        }
        entry
    }
}
