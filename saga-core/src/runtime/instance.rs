//! One instance in memory: its machine, its inbox, and the entry that is being written.

mod attend;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tracing::{Span, debug, error, info, warn};

use self::attend::{Attended, concerns_children};
use crate::error::Error;
use crate::id::{Epoch, InstanceId, Seq, StepIndex, StepName};
use crate::journal::{Entry, Event, Head, InstanceState, Payload, Progress, codec};
use crate::machine::{Action, Input, Machine, Unexpected};
use crate::private::{Encoding, Role};
use crate::runtime::admission::Place;
use crate::runtime::answer::answer;
use crate::runtime::children;
use crate::runtime::committer::Written;
use crate::runtime::door::Door;
use crate::runtime::inbox;
use crate::runtime::launch::{self, Order, Surroundings};
use crate::runtime::limits::Permit;
use crate::runtime::line;
use crate::runtime::output::Output;
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
    /// The instance whose step it is, if it is a child.
    parent: Option<InstanceId>,
    cancel: watch::Sender<bool>,
    created: AtomicBool,
    span: Span,
    core: Mutex<Core>,
}

struct Core {
    machine: Machine,
    seq: Seq,
    progress: Progress,
    output: Output,
    place: Option<Place>,
    inbox: VecDeque<Arrival>,
    writing: Option<Writing>,
    attempts: Vec<Running>,
    /// For attempts whose start is being written.
    permits: Vec<(StepIndex, Permit)>,
    /// Whether an attempt waits in line for another instance's to end.
    in_line: bool,
    attended: Vec<Attended>,
    timer: Option<(Timestamp, AbortHandle)>,
    creators: Vec<oneshot::Sender<Created>>,
    /// Those who waited for its first entry were told that nobody knows.
    doubted: bool,
    gone: bool,
}

/// An attempt that is running.
struct Running {
    step: StepIndex,
    item: Option<u32>,
    task: AbortHandle,
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
    /// The instance whose step it is, if it is a child.
    pub(crate) parent: Option<InstanceId>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Core {
    /// Whether it stays in memory although its machine may only wait: something else is yet to come of it.
    fn stays(&self) -> bool {
        self.place.is_none() || self.in_line || !self.attended.is_empty()
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
    ) -> Result<(Arc<Self>, Write), Error> {
        let now = shared.now();
        let definition = Arc::clone(arriving.saga.definition());
        let id = arriving.id.clone();
        let mut door = shared.door(arriving.place.is_some(), &definition, &id);
        let (mut machine, mut events) =
            Machine::begin(Arc::clone(&definition), id.clone(), input, now, &mut door);
        if let Some(Event::SagaStarted { parent, .. }) = events.first_mut() {
            parent.clone_from(&arriving.parent);
        }
        if let Some(memory) = &arriving.memory {
            let answered = answer_all(shared, &mut machine, &**memory, now, &mut door);
            events.extend(
                answered.map_err(|broken| Error::Stopped { id: id.clone(), why: broken.to_string() })?,
            );
        }
        let (permits, in_line) = (std::mem::take(&mut door.permits), door.refused);
        let stays = arriving.place.is_none() || in_line || machine.waits_for_children();
        let due = due_of(&machine, now, stays);
        let progress = Progress { due, ..machine.progress() };
        let live = Self::new(shared, arriving, machine, Seq::FIRST, progress.clone(), Output::default());
        let entry = Entry { seq: Seq::FIRST, epoch: live.epoch, at: now, events };
        let head = Head {
            id,
            saga: Arc::clone(definition.name()),
            version: definition.version(),
            shape: live.saga.shape().clone(),
            created_at: now,
            seq: Seq::FIRST,
            progress,
        };
        let encoded = codec::encode(&entry)
            .map_err(|error| Error::NotEncodable { id: live.id.clone(), message: error.to_string() })?;
        let mut core = live.core();
        core.writing = Some(Writing { events: entry.events, replies: Vec::new() });
        core.creators.push(creator);
        core.permits = permits;
        core.in_line = in_line;
        drop(core);
        Ok((live, Write::Create { head, entry: encoded }))
    }

    /// An instance that was read back: `machine` is the fold of its journal up to `seq`.
    pub(crate) fn revived(
        shared: &Arc<Shared>,
        arriving: Arriving,
        machine: Machine,
        seq: Seq,
        progress: Progress,
        output: Output,
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
        output: Output,
    ) -> Arc<Self> {
        let Arriving { id, saga, memory, place, parent } = arriving;
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
            permits: Vec::new(),
            in_line: false,
            attended: Vec::new(),
            timer: None,
            creators: Vec::new(),
            doubted: false,
            gone: false,
        };
        Arc::new(Self {
            id,
            epoch: shared.epoch(),
            shared: Arc::clone(shared),
            saga,
            memory,
            parent,
            cancel: watch::Sender::new(false),
            created: AtomicBool::new(false),
            span,
            core: Mutex::new(core),
        })
    }

    pub(crate) fn id(&self) -> &InstanceId {
        &self.id
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

    /// Lets it go on with what it may; `false` if it is no longer in memory.
    pub(crate) fn proceed(self: &Arc<Self>) -> bool {
        let mut core = self.core();
        let is_here = !core.gone;
        if is_here {
            core.inbox.push_back(Input::Proceed.into());
            self.decide(&mut core);
        }
        is_here
    }

    /// Brings the first inputs since it was read back, and has its children looked after: they may have ended since.
    pub(crate) fn come_in(self: &Arc<Self>, arrivals: impl IntoIterator<Item = Arrival>) {
        let mut core = self.core();
        core.inbox.extend(arrivals);
        self.attend(&mut core);
        self.decide(&mut core);
    }

    /// Brings inputs that make one entry.
    pub(crate) fn feed_all(self: &Arc<Self>, arrivals: impl IntoIterator<Item = Arrival>) {
        let mut core = self.core();
        core.inbox.extend(arrivals);
        self.decide(&mut core);
    }

    /// Its time to wait was over, so in the store it waits no longer: if it does, it has to say so again. `false` if
    /// it is no longer in memory.
    pub(crate) fn was_due(self: &Arc<Self>) -> bool {
        let mut core = self.core();
        if core.gone {
            return false;
        }
        core.progress.due = None;
        core.inbox.push_back(Input::Proceed.into());
        self.decide(&mut core);
        true
    }

    /// Brings what an attempt ended with.
    pub(crate) fn attempt_ended(self: &Arc<Self>, step: StepIndex, item: Option<u32>, input: Input) {
        let mut core = self.core();
        core.attempts.retain(|running| (running.step, running.item) != (step, item));
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
        core.attempts.drain(..).for_each(|running| running.task.abort());
        self.leave(&mut core, None);
    }

    /// Drops the attempts that are running. They stay recorded as begun, and count as in doubt.
    pub(crate) fn abort_attempts(&self) {
        self.core().attempts.drain(..).for_each(|running| running.task.abort());
    }

    /// Lets go of what the instance holds, once the orchestrator has ended.
    pub(crate) fn forget(&self) {
        let mut core = self.core();
        core.gone = true;
        core.place = None;
        core.permits.clear();
        core.inbox.clear();
        core.creators.clear();
        core.writing = None;
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
    }

    /// The instance is no longer here, so nothing is done about what was written; who asked is told.
    fn written_when_gone(&self, core: &mut Core, writing: Writing, written: &Written) {
        if let Written::Durable = written {
            self.created.store(true, Ordering::Release);
            for creator in core.creators.drain(..) {
                let _gone = creator.send(Created::Durable);
            }
            writing.replies.into_iter().for_each(|reply| reply_with(Some(reply), Ok(())));
        }
        // Who gets no answer asks again, and finds what there is.
        core.creators.clear();
    }

    /// Whether somebody waits for its first entry to be durable.
    pub(crate) fn is_awaited(&self) -> bool {
        self.core().creators.iter().any(|creator| !creator.is_closed())
    }

    /// The store does not tell whether the first entry is durable. Who waits for it is told so; what is found of
    /// the instance later goes on.
    pub(crate) fn doubt_creation(&self, error: &StoreError) {
        let mut core = self.core();
        core.doubted = true;
        for creator in core.creators.drain(..) {
            let _gone = creator.send(Created::Failed(error.clone()));
        }
    }

    /// Learns what became of the entry that was handed in.
    pub(crate) fn written(self: &Arc<Self>, written: Written) {
        let mut core = self.core();
        let Some(writing) = core.writing.take() else { return };
        if core.gone {
            return self.written_when_gone(&mut core, writing, &written);
        }
        match written {
            Written::Durable => {
                self.created.store(true, Ordering::Release);
                for creator in core.creators.drain(..) {
                    let _gone = creator.send(Created::Durable);
                }
                self.act(&mut core, &writing.events);
                for reply in writing.replies {
                    let _gone = reply.send(Ok(()));
                }
                self.decide(&mut core);
            }
            Written::Refused(refusal) => self.refused(&mut core, refusal),
            Written::Failed(error) => {
                if core.doubted {
                    // Who came after the others were told gets no answer, and asks again.
                    core.creators.clear();
                }
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
        let is_open = core.place.is_some() && !self.shared.lifecycle.is_ending();
        let mut door = self.shared.door(is_open, self.saga.definition(), &self.id);
        let mut now = self.shared.now();
        let mut events = Vec::new();
        let mut replies = Vec::new();
        if !core.inbox.is_empty() {
            // Each input asks anew for what found no room.
            core.in_line = false;
        }
        while let Some(Arrival { input, reply, not_before }) = core.inbox.pop_front() {
            now = not_before.map_or(now, |not_before| now.max(not_before));
            let is_retry = matches!(input, Input::Retry { .. });
            if is_retry && core.machine.instance_state() != InstanceState::Parked {
                reply_with(reply, Err(Error::NotParked { id: self.id.clone() }));
                continue;
            }
            match self.take_turn(core, input, now, &mut door) {
                Ok(more) => {
                    events.extend(more);
                    replies.extend(reply);
                }
                Err(broken @ Unexpected::Broken { .. }) => {
                    error!(parent: &self.span, %broken, "a defect of this library: the instance stops here");
                    return self.leave(core, Some(Ended::Stopped(broken.to_string())));
                }
                Err(unexpected) => {
                    debug!(parent: &self.span, %unexpected, "an input does not fit");
                    reply_with(reply, Err(self.error_of(&unexpected)));
                }
            }
        }
        core.permits.append(&mut door.permits);
        core.in_line |= door.refused;
        let due = due_of(&core.machine, now, core.stays());
        let is_unsaid = due.is_some() && due != core.progress.due && !self.shared.lifecycle.is_ending();
        if events.is_empty() && !is_unsaid {
            replies.into_iter().for_each(|reply| reply_with(Some(reply), Ok(())));
            self.rest(core);
        } else {
            // Without an event it says only until when the instance waits, which it has to before it leaves memory.
            self.hand_in(core, Writing { events, replies }, now);
        }
    }

    /// Lets the machine decide on one input, and answers what it asks of the saga's pure methods.
    fn take_turn(
        &self,
        core: &mut Core,
        input: Input,
        now: Timestamp,
        door: &mut Door<'_>,
    ) -> Result<Vec<Event>, Unexpected> {
        let mut events = core.machine.handle(input, now, door)?;
        if let Some(memory) = &self.memory {
            events.extend(answer_all(&self.shared, &mut core.machine, &**memory, now, door)?);
        }
        Ok(events)
    }

    /// What a command that does not fit is answered with.
    fn error_of(&self, unexpected: &Unexpected) -> Error {
        let id = self.id.clone();
        match unexpected {
            Unexpected::PastPivot => Error::PastPivot { id },
            Unexpected::NotRevertible => Error::NotRevertible { id },
            Unexpected::Ended => Error::Finished { id },
            _ => Error::NotParked { id },
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
        // Until a child is known to be started or taken back, a crash must find the instance ready, not waiting.
        let definition = self.saga.definition();
        let attends = entry.events.iter().any(|event| concerns_children(definition, event));
        let stays = core.stays() || (attends && core.machine.waits_for_children());
        let due = due_of(&core.machine, now, stays);
        let progress = Progress { due, ..core.machine.progress() };
        let changed = (progress != core.progress).then(|| progress.clone());
        core.progress = progress;
        core.writing = Some(Writing { events: entry.events, replies });
        let ended = core.machine.instance_state().is_terminal();
        let wake = self.parent.clone().filter(|_| ended);
        let write = Write::Append { id: self.id.clone(), entry: encoded, progress: changed, wake };
        self.shared.committer.submit(write, Arc::clone(self));
    }

    /// Does what durable events ask for.
    fn act(self: &Arc<Self>, core: &mut Core, events: &[Event]) {
        let definition = self.saga.definition();
        for event in events {
            core.output.note(definition, definition.output(), event);
            let (role, step, item, attempt) = match Action::of(event) {
                Some(Action::RunStep { step, item, attempt }) => (Role::Step, step, item, attempt),
                Some(Action::RunCheck { step, item, attempt }) => (Role::Check, step, item, attempt),
                Some(Action::RunCompensation { step, item, attempt }) => {
                    (Role::Compensation, step, item, attempt)
                }
                Some(Action::CancelAttempts) => {
                    self.cancel.send_replace(true);
                    continue;
                }
                // The machine knows when it wakes next, and that it has ended.
                Some(Action::WakeAt(_) | Action::Finish) | None => continue,
            };
            let of = definition.index_of(step).and_then(|step| definition.step(step));
            if of.is_some_and(|step| step.child.is_none()) {
                self.launch(core, role, step, item, attempt);
            }
        }
        if events.iter().any(|event| concerns_children(definition, event)) {
            self.attend(core);
        }
    }

    fn launch(
        self: &Arc<Self>,
        core: &mut Core,
        role: Role,
        name: &StepName,
        item: Option<u32>,
        attempt: u32,
    ) {
        let failure = core.machine.failure();
        // Only an attempt that the decision found running is told of it: what starts later is wanted.
        let cancelled = failure.is_none().then(|| self.cancel.subscribe());
        if self.shared.lifecycle.is_aborting() {
            // It stays recorded as begun, and counts as in doubt.
            return;
        }
        let Some(order) = Order::new(self.saga.definition(), role, name, item, attempt) else {
            return error!(parent: &self.span, step = %name, "the journal names a step that the saga does not have");
        };
        let step = order.step;
        let permit = (role == Role::Step)
            .then(|| core.permits.iter().position(|(of, _)| *of == step))
            .flatten()
            .map(|at| core.permits.swap_remove(at).1);
        let task = launch::spawn(Arc::clone(self), order, Surroundings { cancelled, failure, permit });
        core.attempts.push(Running { step, item, task });
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
            self.leave(core, Some(ended));
            return core.progress.due.into_iter().for_each(|due| self.shared.note_due(due));
        }
        if core.machine.has_attempts_running() || !core.attended.is_empty() {
            return self.arm(core);
        }
        if let Some(due) = core.progress.due {
            self.leave(core, None);
            self.shared.note_due(due);
            return self.look_again(core);
        }
        if core.in_line {
            let wake = core.machine.next_wake();
            if wake.is_none_or(|at| at.since(self.shared.now()) > WAIT_IN_MEMORY_MAX) {
                return self.leave_in_line(core, wake);
            }
        }
        if core.place.is_some() {
            return self.arm(core);
        }
        self.leave(core, None);
        self.shared.admission.enqueue(self.id.clone());
    }

    /// Proceeds when the next time comes that the machine waits for, if it does. The timer counts by tokio's
    /// clock: what it has waited for has passed, even if the wall clock was set back meanwhile. Nothing wakes
    /// during a shutdown, since nothing would start.
    fn arm(self: &Arc<Self>, core: &mut Core) {
        let Some(at) = core.machine.next_wake().filter(|_| !self.shared.lifecycle.is_ending()) else {
            return;
        };
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

    /// Leaves memory. Its id stands in line: it comes back when it is its turn, when the time comes that it waits for
    /// beside that, or when somebody has a word for it.
    fn leave_in_line(self: &Arc<Self>, core: &mut Core, wake: Option<Timestamp>) {
        // Before it leaves: once it is gone it may be read back, which takes the note away.
        line::note(&self.shared, &self.id, wake);
        self.leave(core, None);
        self.look_again(core);
    }

    /// Looks once more for what may have come while it left memory, and has woken nobody.
    fn look_again(self: &Arc<Self>, core: &Core) {
        if core.machine.waits_for_signal() {
            inbox::look_again(&self.shared, self.id.clone());
        }
        if core.machine.waits_for_children() {
            children::look_again(self, core.machine.children().map(|(step, ..)| step).collect());
        }
    }

    /// Leaves memory.
    fn leave(&self, core: &mut Core, ended: Option<Ended>) {
        core.gone = true;
        core.place = None;
        core.permits.clear();
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
        core.inbox.clear();
        self.shared.remove(self, ended.as_ref());
        if let (Some(parent), Some(_)) = (self.parent.clone(), ended) {
            let shared = Arc::clone(&self.shared);
            self.shared.runtime.spawn(async move { children::tell_parent(&shared, &parent) });
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until when an instance waits outside memory, unless something is under way for which it `stays`. What is parked
/// leaves memory in any case.
fn due_of(machine: &Machine, now: Timestamp, stays: bool) -> Option<Timestamp> {
    match machine.instance_state() {
        InstanceState::Parked => machine.next_wake(),
        _ if stays => None,
        _ => leaves_until(machine, now),
    }
}

/// Until when an instance leaves memory, if all it does is wait, and for long or for something that is no time.
fn leaves_until(machine: &Machine, now: Timestamp) -> Option<Timestamp> {
    if !machine.instance_state().is_active() || machine.has_attempts_running() {
        return None;
    }
    match machine.next_wake() {
        Some(at) => (at.since(now) > WAIT_IN_MEMORY_MAX).then_some(at),
        None => (machine.waits_for_signal() || machine.waits_for_children()).then_some(Timestamp::NEVER),
    }
}

/// Answers what the machine asks of the pure methods, for as long as it asks.
fn answer_all(
    shared: &Shared,
    machine: &mut Machine,
    memory: &dyn AnyInstance,
    now: Timestamp,
    door: &mut Door<'_>,
) -> Result<Vec<Event>, Unexpected> {
    let encoding = Encoding::Json { bytes_max: shared.settings.payload_bytes_max };
    let mut events = Vec::new();
    while door.is_open
        && let Some(question) = machine.question()
    {
        let input = answer(question, |ask, encoding| memory.ask(ask, encoding), encoding);
        events.extend(machine.handle(input, now, door)?);
    }
    Ok(events)
}

fn reply_with(reply: Option<oneshot::Sender<Result<(), Error>>>, result: Result<(), Error>) {
    if let Some(reply) = reply {
        // Who no longer waits needs no answer.
        let _gone = reply.send(result);
    }
}
