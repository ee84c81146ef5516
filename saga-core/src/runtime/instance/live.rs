//! What an instance in memory is made of.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tracing::Span;

use super::attend::Attended;
use super::folded::Folded;
use super::news::Announced;
use crate::error::Error;
use crate::id::{Epoch, InstanceId, Seq, StepIndex};
use crate::journal::{Event, Progress, TraceContext};
use crate::latch::Latch;
use crate::machine::{Input, Machine};
use crate::runtime::admission::{Place, Slot};
use crate::runtime::children::ChildWish;
use crate::runtime::limits::{Limit, Permit};
use crate::runtime::metrics::Meters;
use crate::runtime::output::Output;
use crate::runtime::recovery::Suspicion;
use crate::runtime::registry::{AnyInstance, AnySaga};
use crate::runtime::shared::Shared;
use crate::store::{Signal, StoreError};
use crate::time::Timestamp;

/// An instance in memory.
///
/// There is no task of its own: whoever brings an input lets the machine decide, hands in the entry, and goes.
/// Once it is durable the committer lets the instance act on it. One entry is being written at a time; inputs
/// that come meanwhile wait in the inbox and make the next one together.
pub(crate) struct Live {
    pub(super) id: InstanceId,
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared>,
    pub(super) saga: Arc<dyn AnySaga>,
    /// What calls are made on; `None` if the journal holds a value that cannot be read as today's type: then the
    /// instance parks.
    pub(super) memory: Option<Arc<dyn AnyInstance>>,
    pub(super) created_at: Timestamp,
    /// The instance whose step it is, if it is a child.
    pub(super) parent: Option<InstanceId>,
    /// The trace of whoever started it.
    trace: Option<Arc<TraceContext>>,
    pub(super) cancel: Arc<Latch>,
    pub(super) created: AtomicBool,
    pub(super) meters: Meters,
    /// Made when it is first needed: an instance that was started before, and is just found to have been, has none.
    span: OnceLock<Span>,
    pub(super) core: Mutex<Core>,
}

pub(super) struct Core {
    pub(super) machine: Machine,
    pub(super) folded: Folded,
    pub(super) seq: Seq,
    pub(super) progress: Progress,
    pub(super) announced: Announced,
    pub(super) output: Output,
    pub(super) place: Option<Place>,
    pub(super) slot: Option<Slot>,
    /// How often the clock had been set when the machine heard of it last.
    pub(super) clock_set: u32,
    pub(super) inbox: VecDeque<Arrival>,
    /// Its signals are being read once more, and it decides on nothing until they are: those that it was told of
    /// meanwhile.
    pub(super) deaf: Option<Vec<Signal>>,
    pub(super) writing: Option<Writing>,
    pub(super) attempts: Vec<Running>,
    /// For attempts whose start is being written.
    pub(super) permits: Vec<(StepIndex, Permit)>,
    /// Where an attempt waits in line for another to end.
    pub(super) in_line: Vec<Arc<Limit>>,
    pub(super) attended: Vec<Attended>,
    /// For the attempts that it is brought back with: perhaps they take the process with them.
    pub(super) suspicion: Option<Arc<Suspicion>>,
    pub(super) timer: Option<(Timestamp, AbortHandle)>,
    pub(super) creators: Vec<oneshot::Sender<Created>>,
    /// Those who waited for its first entry were told that nobody knows.
    pub(super) doubted: bool,
    pub(super) gone: bool,
}

/// An attempt that is running.
pub(super) struct Running {
    pub(super) step: StepIndex,
    pub(super) item: Option<u32>,
    pub(super) task: AbortHandle,
}

/// Whoever gave a command waits here, until what it made true is durable.
pub(crate) type Reply = oneshot::Sender<Result<(), Error>>;

/// An input with those who wait until what it made true is durable.
pub(crate) struct Arrival {
    pub(crate) input: Input,
    pub(crate) reply: Option<Reply>,
    /// A timer has counted up to this time, whatever the clock says.
    pub(crate) not_before: Option<Timestamp>,
    /// It is about what is wished of the child of a step, and makes nothing true once that is something else.
    pub(crate) wish: Option<(StepIndex, ChildWish)>,
}

impl From<Input> for Arrival {
    fn from(input: Input) -> Self {
        Self { input, reply: None, not_before: None, wish: None }
    }
}

/// An entry that is being written.
pub(super) struct Writing {
    pub(super) events: Vec<Event>,
    pub(super) replies: Vec<Reply>,
    /// Whether a person is to be told once it is durable.
    pub(super) calls_for_attention: bool,
    /// The instance was handed out meanwhile: to this stay, whatever becomes of the entry.
    pub(super) handed_out: bool,
}

/// What became of the first entry of an instance.
#[derive(Debug, Clone)]
pub(crate) enum Created {
    /// It is durable.
    Durable,
    /// An instance of this id exists.
    Exists,
    /// It is not known to be durable.
    Failed(StoreError),
}

/// An instance to be put into memory.
pub(crate) struct Arriving {
    pub(crate) id: InstanceId,
    pub(crate) saga: Arc<dyn AnySaga>,
    pub(crate) memory: Option<Arc<dyn AnyInstance>>,
    pub(crate) place: Option<Place>,
    /// The right to wait for a place, if it is new and has none.
    pub(crate) slot: Option<Slot>,
    pub(crate) created_at: Timestamp,
    /// The instance whose step it is, if it is a child.
    pub(crate) parent: Option<InstanceId>,
    /// The trace of whoever started it.
    pub(crate) trace: Option<Arc<TraceContext>>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Core {
    /// Whether it stays in memory although its machine may only wait: something else is yet to come of it.
    pub(super) fn stays(&self) -> bool {
        self.place.is_none() || !self.in_line.is_empty() || !self.attended.is_empty()
    }
}

impl Live {
    /// An instance that was read back: `machine` is the fold of its journal up to `seq`.
    pub(crate) fn revived(
        shared: &Arc<Shared>,
        arriving: Arriving,
        machine: Machine,
        seq: Seq,
        progress: Progress,
        output: Output,
    ) -> Arc<Self> {
        let announced = Announced { state: progress.state, needs_attention: progress.needs_attention };
        let folded = Folded::read_back(&machine, seq);
        let live = Self::new(shared, arriving, machine, seq, progress, output);
        let mut core = live.core();
        (core.announced, core.folded) = (announced, folded);
        drop(core);
        live.created.store(true, Ordering::Release);
        live
    }

    pub(super) fn new(
        shared: &Arc<Shared>,
        arriving: Arriving,
        machine: Machine,
        seq: Seq,
        progress: Progress,
        output: Output,
    ) -> Arc<Self> {
        let Arriving { id, saga, memory, place, slot, created_at, parent, trace } = arriving;
        let core = Core {
            machine,
            folded: Folded::NOTHING,
            seq,
            progress,
            announced: Announced::BEGUN,
            output,
            place,
            slot,
            clock_set: shared.wall.times_set(),
            inbox: VecDeque::new(),
            deaf: None,
            writing: None,
            attempts: Vec::new(),
            permits: Vec::new(),
            in_line: Vec::new(),
            attended: Vec::new(),
            suspicion: None,
            timer: None,
            creators: Vec::new(),
            doubted: false,
            gone: false,
        };
        let meters = shared.recording.of(saga.definition());
        Arc::new(Self {
            id,
            epoch: shared.epoch(),
            shared: Arc::clone(shared),
            saga,
            memory,
            created_at,
            parent,
            trace,
            cancel: Arc::default(),
            created: AtomicBool::new(false),
            meters,
            span: OnceLock::new(),
            core: Mutex::new(core),
        })
    }

    /// Puts it under suspicion until the attempts that it is brought back with have ended.
    pub(crate) fn suspect(&self, suspicion: Arc<Suspicion>) {
        self.core().suspicion = Some(suspicion);
    }

    /// One of the attempts has ended that it was brought back with. After the last of them it waits with all others,
    /// if those are held back.
    pub(crate) fn clear(&self, suspicion: Arc<Suspicion>) {
        // Under the lock, since its own share of the suspicion is given up there.
        let mut core = self.core();
        if Arc::into_inner(suspicion).is_some() && self.shared.admission.holds_back() {
            core.place = None;
        }
    }

    pub(crate) fn id(&self) -> &InstanceId {
        &self.id
    }

    /// The stay that it belongs to.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn saga(&self) -> &Arc<dyn AnySaga> {
        &self.saga
    }

    pub(crate) fn memory(&self) -> Option<&Arc<dyn AnyInstance>> {
        self.memory.as_ref()
    }

    /// The trace of whoever started it.
    pub(crate) fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.trace.as_ref()
    }

    /// The instance whose step it is, if it is a child.
    pub(crate) fn parent(&self) -> Option<&InstanceId> {
        self.parent.as_ref()
    }

    pub(crate) fn span(&self) -> &Span {
        let (tracing, definition) = (&self.shared.settings.tracing, self.saga.definition());
        self.span.get_or_init(|| tracing.of_instance(definition, &self.id, self.trace.as_deref()))
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Whether its first entry is durable.
    pub(crate) fn is_created(&self) -> bool {
        self.created.load(Ordering::Acquire)
    }

    /// Waits until its first entry is durable, or is not going to be.
    pub(crate) async fn created(&self) -> Created {
        let (creator, created) = oneshot::channel();
        {
            let mut core = self.core();
            if self.is_created() {
                return Created::Durable;
            }
            if !core.gone {
                core.creators.push(creator);
            }
        }
        // No answer: it is gone, and whether it was created shows in the store.
        created.await.unwrap_or(Created::Exists)
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
