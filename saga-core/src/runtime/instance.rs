//! One instance in memory: its machine, its inbox, and the entry that is being written.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tracing::{Span, debug, error, info, warn};

use crate::error::Error;
use crate::id::{Epoch, InstanceId, Seq, StepIndex};
use crate::journal::{Entry, Event, Head, InstanceState, Payload, Progress, codec};
use crate::machine::{Action, Input, Machine, Pace};
use crate::private::Role;
use crate::runtime::admission::Place;
use crate::runtime::committer::Written;
use crate::runtime::launch::{self, Order};
use crate::runtime::registry::{AnyInstance, AnySaga};
use crate::runtime::shared::{Ended, Shared};
use crate::store::{Refusal, StoreError, Write};
use crate::time::Timestamp;

/// An instance that waits longer than this leaves memory, and is read back when its time has come. Reading it
/// back costs more than keeping it for a moment.
const WAIT_IN_MEMORY_MAX: Duration = Duration::from_secs(5);

/// An instance in memory.
///
/// There is no task of its own: whoever brings an input lets the machine decide, hands in the entry, and goes.
/// Once it is durable the committer lets the instance act on it. One entry is being written at a time; inputs
/// that come meanwhile wait in the inbox and make the next one together.
pub(crate) struct Live {
    id: InstanceId,
    epoch: Epoch,
    shared: Arc<Shared>,
    saga: Arc<dyn AnySaga>,
    /// What calls are made on; `None` if the journal holds a value that cannot be read as today's type: then the
    /// instance parks.
    memory: Option<Arc<dyn AnyInstance>>,
    cancel: watch::Sender<bool>,
    created: AtomicBool,
    span: Span,
    core: Mutex<Core>,
}

struct Core {
    machine: Machine,
    seq: Seq,
    progress: Progress,
    output: Payload,
    place: Option<Place>,
    inbox: VecDeque<Arrival>,
    writing: Option<Writing>,
    attempts: Vec<(StepIndex, AbortHandle)>,
    timer: Option<(Timestamp, AbortHandle)>,
    creators: Vec<oneshot::Sender<Created>>,
    gone: bool,
}

/// An input with those who wait until what it made true is durable.
pub(crate) struct Arrival {
    pub(crate) input: Input,
    pub(crate) reply: Option<oneshot::Sender<Result<(), Error>>>,
    /// A timer has counted up to this time, whatever the clock says.
    pub(crate) not_before: Option<Timestamp>,
}

impl From<Input> for Arrival {
    fn from(input: Input) -> Self {
        Self { input, reply: None, not_before: None }
    }
}

/// An entry that is being written.
struct Writing {
    events: Vec<Event>,
    replies: Vec<oneshot::Sender<Result<(), Error>>>,
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
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Live {
    /// A new instance: its first entry is being written once what is returned with it is handed in. `creator` is
    /// told what became of that.
    pub(crate) fn create(
        shared: &Arc<Shared>,
        arriving: Arriving,
        input: Payload,
        creator: oneshot::Sender<Created>,
    ) -> (Arc<Self>, Result<Write, Error>) {
        let now = shared.now();
        let pace = if arriving.place.is_some() { Pace::Go } else { Pace::Hold };
        let definition = Arc::clone(arriving.saga.definition());
        let (machine, events) = Machine::begin(definition, arriving.id.clone(), input, now, pace);
        let progress = machine.progress();
        let live = Self::new(shared, arriving, machine, Seq::FIRST, progress.clone(), Payload::NOTHING);
        let entry = Entry { seq: Seq::FIRST, epoch: live.epoch, at: now, events };
        let head = Head {
            id: live.id.clone(),
            saga: Arc::clone(live.saga.definition().name()),
            version: live.saga.definition().version(),
            shape: live.saga.shape().clone(),
            created_at: now,
            seq: Seq::FIRST,
            progress,
        };
        let write = match codec::encode(&entry) {
            Ok(entry) => Ok(Write::Create { head, entry }),
            Err(error) => Err(Error::NotEncodable { id: live.id.clone(), message: error.to_string() }),
        };
        let mut core = live.core();
        core.writing = Some(Writing { events: entry.events, replies: Vec::new() });
        core.creators.push(creator);
        drop(core);
        (live, write)
    }

    /// An instance that was read back: `machine` is the fold of its journal up to `seq`.
    pub(crate) fn revived(
        shared: &Arc<Shared>,
        arriving: Arriving,
        machine: Machine,
        seq: Seq,
        progress: Progress,
        output: Payload,
    ) -> Arc<Self> {
        let live = Self::new(shared, arriving, machine, seq, progress, output);
        live.created.store(true, Ordering::Release);
        live
    }

    fn new(
        shared: &Arc<Shared>,
        arriving: Arriving,
        machine: Machine,
        seq: Seq,
        progress: Progress,
        output: Payload,
    ) -> Arc<Self> {
        let Arriving { id, saga, memory, place } = arriving;
        let span = tracing::info_span!("saga", saga = %saga.definition().name(), instance = %id);
        let core = Core {
            machine,
            seq,
            progress,
            output,
            place,
            inbox: VecDeque::new(),
            writing: None,
            attempts: Vec::new(),
            timer: None,
            creators: Vec::new(),
            gone: false,
        };
        Arc::new(Self {
            id,
            epoch: shared.epoch(),
            shared: Arc::clone(shared),
            saga,
            memory,
            cancel: watch::Sender::new(false),
            created: AtomicBool::new(false),
            span,
            core: Mutex::new(core),
        })
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

    pub(crate) fn span(&self) -> &Span {
        &self.span
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

    /// Brings an input.
    pub(crate) fn feed(self: &Arc<Self>, arrival: Arrival) {
        self.feed_all([arrival]);
    }

    /// Brings inputs that make one entry.
    pub(crate) fn feed_all(self: &Arc<Self>, arrivals: impl IntoIterator<Item = Arrival>) {
        let mut core = self.core();
        core.inbox.extend(arrivals);
        self.decide(&mut core);
    }

    /// Brings what an attempt ended with.
    pub(crate) fn attempt_ended(self: &Arc<Self>, step: StepIndex, input: Input) {
        let mut core = self.core();
        core.attempts.retain(|(running, _)| *running != step);
        core.inbox.push_back(input.into());
        self.decide(&mut core);
    }

    /// Stops the instance here: nothing more of it is done or written in this process.
    pub(crate) fn stop(&self, why: &str) {
        let mut core = self.core();
        self.leave(&mut core, Some(Ended::Stopped(why.to_owned())));
    }

    /// Stops here, since the stay that it belongs to has ended: whoever claims it goes on with it, perhaps this
    /// process. Who waits for its outcome waits on.
    pub(crate) fn lose(&self) {
        let mut core = self.core();
        for (_, attempt) in core.attempts.drain(..) {
            attempt.abort();
        }
        self.leave(&mut core, None);
    }

    /// Drops the attempts that are running. They stay recorded as begun, and count as in doubt.
    pub(crate) fn abort_attempts(&self) {
        for (_, attempt) in self.core().attempts.drain(..) {
            attempt.abort();
        }
    }

    /// Lets go of what the instance holds, once the orchestrator has ended.
    pub(crate) fn forget(&self) {
        let mut core = self.core();
        core.gone = true;
        core.place = None;
        core.inbox.clear();
        core.creators.clear();
        core.writing = None;
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
    }

    /// Whether somebody waits for its first entry to be durable.
    pub(crate) fn is_awaited(&self) -> bool {
        self.core().creators.iter().any(|creator| !creator.is_closed())
    }

    /// The store does not tell whether the first entry is durable. Who waits for it is told so; what is found of
    /// the instance later goes on.
    pub(crate) fn doubt_creation(&self, error: &StoreError) {
        for creator in self.core().creators.drain(..) {
            let _gone = creator.send(Created::Failed(error.clone()));
        }
    }

    /// Learns what became of the entry that was handed in.
    pub(crate) fn written(self: &Arc<Self>, written: Written) {
        let mut core = self.core();
        let Some(writing) = core.writing.take() else { return };
        match written {
            Written::Durable => {
                self.created.store(true, Ordering::Release);
                for creator in core.creators.drain(..) {
                    let _gone = creator.send(Created::Durable);
                }
                // Whoever goes on with an instance that was lost meanwhile does what the entry asks for.
                if !core.gone {
                    self.act(&mut core, &writing.events);
                }
                for reply in writing.replies {
                    let _gone = reply.send(Ok(()));
                }
                self.decide(&mut core);
            }
            Written::Refused(refusal) => self.refused(&mut core, refusal),
            Written::Failed(error) => {
                for creator in core.creators.drain(..) {
                    let _gone = creator.send(Created::Failed(error.clone()));
                }
                for reply in writing.replies {
                    let _gone = reply.send(Err(Error::Store(error.clone())));
                }
                self.leave(
                    &mut core,
                    Some(Ended::Stopped(format!("its journal cannot be written: {error}"))),
                );
            }
        }
    }

    fn refused(self: &Arc<Self>, core: &mut Core, refusal: Refusal) {
        if !self.is_created() {
            for creator in core.creators.drain(..) {
                let _gone = creator.send(Created::Exists);
            }
            // Not an end: the instance of this id goes on, wherever it is.
            return self.leave(core, None);
        }
        warn!(parent: &self.span, %refusal, "the journal went on elsewhere, stopping here");
        self.leave(core, Some(Ended::Stopped(format!("its journal went on elsewhere: {refusal}"))));
    }

    /// Lets the machine decide on what is in the inbox, and hands in the entry that comes of it.
    fn decide(self: &Arc<Self>, core: &mut Core) {
        if core.gone {
            // Who waits for a reply asks again, and finds the instance where it is then.
            return core.inbox.clear();
        }
        if core.writing.is_some() {
            return;
        }
        let pace =
            if core.place.is_some() && !self.shared.lifecycle.is_ending() { Pace::Go } else { Pace::Hold };
        let mut now = self.shared.now();
        let mut events = Vec::new();
        let mut replies = Vec::new();
        while let Some(arrival) = core.inbox.pop_front() {
            now = arrival.not_before.map_or(now, |not_before| now.max(not_before));
            let is_command = matches!(arrival.input, Input::Retry { .. });
            if is_command && core.machine.instance_state() != InstanceState::Parked {
                reply_with(arrival.reply, Err(Error::NotParked { id: self.id.clone() }));
                continue;
            }
            match core.machine.handle(arrival.input, now, pace) {
                Ok(more) => {
                    events.extend(more);
                    replies.extend(arrival.reply);
                }
                Err(unexpected) => {
                    debug!(parent: &self.span, %unexpected, "an input came too late");
                    reply_with(arrival.reply, Err(Error::NotParked { id: self.id.clone() }));
                }
            }
        }
        if events.is_empty() {
            replies.into_iter().for_each(|reply| reply_with(Some(reply), Ok(())));
            self.rest(core);
        } else {
            self.hand_in(core, Writing { events, replies }, now);
        }
    }

    /// Hands the entry in to be written.
    fn hand_in(self: &Arc<Self>, core: &mut Core, writing: Writing, now: Timestamp) {
        let seq = core.seq.next();
        let Writing { events, replies } = writing;
        let entry = Entry { seq, epoch: self.epoch, at: now, events };
        let encoded = match codec::encode(&entry) {
            Ok(encoded) => encoded,
            Err(error) => {
                error!(parent: &self.span, %error, "an entry cannot be written");
                return self.leave(core, Some(Ended::Stopped(error.to_string())));
            }
        };
        core.seq = seq;
        let progress = Progress { due: self.leaves_until(core, now), ..core.machine.progress() };
        let changed = (progress != core.progress).then(|| progress.clone());
        core.progress = progress;
        core.writing = Some(Writing { events: entry.events, replies });
        let write = Write::Append { id: self.id.clone(), entry: encoded, progress: changed };
        self.shared.committer.submit(write, Arc::clone(self));
    }

    /// Until when the instance leaves memory, if all it does is wait, and for long.
    fn leaves_until(&self, core: &Core, now: Timestamp) -> Option<Timestamp> {
        let at = core.machine.next_wake()?;
        let only_waits = core.machine.instance_state().is_active() && !core.machine.has_attempts_running();
        (only_waits && at.since(now) > WAIT_IN_MEMORY_MAX).then_some(at)
    }

    /// Does what durable events ask for.
    fn act(self: &Arc<Self>, core: &mut Core, events: &[Event]) {
        for event in events {
            if let Event::StepSucceeded { step, output } = event
                && self.saga.definition().output() == self.saga.definition().index_of(step)
            {
                core.output = output.clone();
            }
            match Action::of(event) {
                Some(Action::RunStep { step, attempt }) => self.launch(core, Role::Step, step, attempt),
                Some(Action::RunCheck { step, attempt }) => self.launch(core, Role::Check, step, attempt),
                Some(Action::RunCompensation { step, attempt }) => {
                    self.launch(core, Role::Compensation, step, attempt);
                }
                Some(Action::CancelAttempts) => {
                    self.cancel.send_replace(true);
                }
                // The machine knows when it wakes next, and that it has ended.
                Some(Action::WakeAt(_) | Action::Finish) | None => {}
            }
        }
    }

    fn launch(self: &Arc<Self>, core: &mut Core, role: Role, step: &crate::id::StepName, attempt: u32) {
        let failure = core.machine.failure();
        // Only an attempt that the decision found running is told of it: what starts later is wanted.
        let cancelled = (failure.is_none()).then(|| self.cancel.subscribe());
        match Order::new(self.saga.definition(), role, step, attempt, cancelled, failure) {
            Some(order) => {
                let place = order.step();
                core.attempts.push((place, launch::spawn(Arc::clone(self), order)));
            }
            None => error!(parent: &self.span, %step, "the journal names a step that the saga does not have"),
        }
    }

    /// There is nothing to decide: the instance waits for its attempts or for a time, or it leaves memory.
    fn rest(self: &Arc<Self>, core: &mut Core) {
        let ended = match core.machine.instance_state() {
            InstanceState::Completed => Some(Ended::Completed(core.output.clone())),
            InstanceState::Compensated => core.machine.failure().map(Ended::Compensated),
            InstanceState::Parked => core.machine.parked().map(Ended::Parked),
            InstanceState::Running | InstanceState::Compensating | InstanceState::Unreadable => None,
        };
        if let Some(ended) = ended {
            info!(parent: &self.span, state = %core.machine.instance_state(), "the instance rests");
            return self.leave(core, Some(ended));
        }
        let waits_for_attempts = core.machine.has_attempts_running();
        if !waits_for_attempts && let Some(due) = core.progress.due {
            self.leave(core, None);
            return self.shared.note_due(due);
        }
        if self.shared.lifecycle.is_ending() {
            // Nothing starts any more, so there is nothing to wake up for.
            return;
        }
        if let Some(at) = core.machine.next_wake()
            && (core.place.is_some() || at > self.shared.now())
        {
            return self.arm(core, at);
        }
        if !waits_for_attempts && core.place.is_none() {
            self.leave(core, None);
            self.shared.admission.enqueue(self.id.clone());
        }
    }

    /// Proceeds at `at`. The timer counts by tokio's clock: what it has waited for has passed, even if the wall
    /// clock was set back meanwhile.
    fn arm(self: &Arc<Self>, core: &mut Core, at: Timestamp) {
        if core.timer.as_ref().is_some_and(|(armed, _)| *armed == at) {
            return;
        }
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
        let wait = at.since(self.shared.now());
        let live = Arc::clone(self);
        let timer = self.shared.runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            live.core().timer = None;
            live.feed(Arrival { not_before: Some(at), ..Input::Proceed.into() });
        });
        core.timer = Some((at, timer.abort_handle()));
    }

    /// Leaves memory.
    fn leave(&self, core: &mut Core, ended: Option<Ended>) {
        core.gone = true;
        core.place = None;
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
        core.inbox.clear();
        self.shared.remove(self, ended.as_ref());
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reply_with(reply: Option<oneshot::Sender<Result<(), Error>>>, result: Result<(), Error>) {
    if let Some(reply) = reply {
        // Who no longer waits needs no answer.
        let _gone = reply.send(result);
    }
}
