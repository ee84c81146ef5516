//! From what is in the inbox to the entry that is handed in.

use std::sync::Arc;

use tracing::{debug, error};

use super::attend::{concerns_children, wish_of};
use super::flag::calls_for_attention;
use super::live::{Arrival, Core, Live, Reply, Writing};
use super::rest::due_of;
use crate::error::Error;
use crate::id::StepIndex;
use crate::journal::{Entry, Event, Progress, codec};
use crate::machine::{Input, Machine, Unexpected};
use crate::private::Encoding;
use crate::runtime::answer::answer;
use crate::runtime::door::Door;
use crate::runtime::registry::AnyInstance;
use crate::runtime::shared::{Ended, Shared};
use crate::runtime::verdict::{no_such_step, not_revertible};
use crate::store::{Signal, Write};
use crate::time::Timestamp;

/// What came of the inputs in the inbox.
struct Decided {
    events: Vec<Event>,
    /// Those who wait until it is durable.
    replies: Vec<Reply>,
    /// The time of all of them.
    now: Timestamp,
}

impl Live {
    /// Brings an input.
    pub(crate) fn feed(self: &Arc<Self>, arrival: Arrival) {
        let mut core = self.core();
        core.inbox.push_back(arrival);
        self.decide(&mut core);
    }

    /// Gives it the first inputs since it was read back. That is done before anybody can find it: what comes from
    /// elsewhere, once it is found, comes after them.
    pub(crate) fn prepare(&self, arrivals: impl IntoIterator<Item = Arrival>) {
        self.core().inbox.extend(arrivals);
    }

    /// Lets it go on from where it was read back, and has its children looked after: they may have ended since.
    pub(crate) fn come_in(self: &Arc<Self>) {
        let mut core = self.core();
        self.attend(&mut core);
        self.decide(&mut core);
    }

    /// Brings the signals that were found of it when it was handed out although it is in memory. In the store it waits
    /// no longer: if it does, it has to say so again. `false` if it is no longer in memory.
    pub(crate) fn was_handed_out(self: &Arc<Self>, signals: &[Signal]) -> bool {
        let mut core = self.core();
        if core.gone {
            return false;
        }
        core.progress.due = None;
        if let Some(writing) = &mut core.writing {
            writing.handed_out = true;
        }
        self.take_signals(&mut core, signals);
        core.inbox.push_back(Input::Proceed.into());
        self.attend(&mut core);
        self.decide(&mut core);
        true
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

    /// Brings what an attempt ended with.
    pub(crate) fn attempt_ended(self: &Arc<Self>, step: StepIndex, item: Option<u32>, input: Input) {
        let mut core = self.core();
        core.attempts.retain(|running| (running.step, running.item) != (step, item));
        core.inbox.push_back(input.into());
        self.decide(&mut core);
    }

    /// Lets the machine decide on what is in the inbox, and hands in the entry that comes of it.
    pub(super) fn decide(self: &Arc<Self>, core: &mut Core) {
        if core.gone {
            // Who waits for a reply asks again, and finds the instance where it is then.
            return core.inbox.clear();
        }
        if core.writing.is_some() || core.deaf.is_some() {
            return;
        }
        let Some(Decided { events, replies, now }) = self.empty_inbox(core) else { return };
        let due = due_of(&core.machine, now, core.stays());
        if events.is_empty() && !self.is_unsaid(core, due) {
            replies.into_iter().for_each(|reply| reply_with(Some(reply), Ok(())));
            self.rest(core);
        } else {
            self.hand_in(core, events, replies, now);
        }
    }

    /// Whether the store has yet to be told something that makes no event: until when the instance waits, before it
    /// leaves memory, or that a person should look, since its deadline has passed.
    fn is_unsaid(&self, core: &Core, due: Option<Timestamp>) -> bool {
        let waits = due.is_some() && due != core.progress.due;
        let calls = || !core.progress.needs_attention && core.machine.needs_attention();
        !self.shared.lifecycle.is_ending() && (waits || calls())
    }

    /// Lets the machine decide on everything in the inbox. Where there are several inputs, they are all taken down
    /// before anything starts or is missed: a message that came in time counts, whatever else has become true by now.
    /// `None` if the instance is gone.
    fn empty_inbox(&self, core: &mut Core) -> Option<Decided> {
        let is_open = core.place.is_some() && !self.shared.lifecycle.is_ending();
        // One time for all of them: it is that of the entry, and what is read back knows no other.
        let not_before = core.inbox.iter().filter_map(|arrival| arrival.not_before);
        let now = not_before.fold(self.shared.now(), Timestamp::max);
        let clock_set = self.shared.wall.times_set();
        if std::mem::replace(&mut core.clock_set, clock_set) != clock_set {
            core.inbox.push_front(Input::ClockChanged.into());
        }
        let are_several = core.inbox.len() > 1;
        let mut door = self.shared.door(is_open && !are_several, self.saga.definition(), &self.id);
        let mut decided = Decided { events: Vec::new(), replies: Vec::new(), now };
        if !core.inbox.is_empty() {
            // What found no room is asked for anew.
            core.in_line.clear();
        }
        while let Some(arrival) = core.inbox.pop_front() {
            self.take_in(core, arrival, &mut door, &mut decided)?;
        }
        if are_several {
            door.is_open = is_open && !self.shared.is_between_stays();
            self.take_in(core, Input::Proceed.into(), &mut door, &mut decided)?;
        }
        core.permits.append(&mut door.permits);
        core.in_line.append(&mut door.refused);
        Some(decided)
    }

    /// Lets the machine decide on an input. `None` if the instance is gone.
    fn take_in(
        &self,
        core: &mut Core,
        arrival: Arrival,
        door: &mut Door<'_>,
        decided: &mut Decided,
    ) -> Option<()> {
        let Arrival { input, reply, wish, .. } = arrival;
        if wish.is_some_and(|(step, wish)| wish_of(&core.machine, step).is_none_or(|(now, _)| now != wish)) {
            return Some(());
        }
        let told = match self.told_by(core, &input) {
            Ok(told) => told,
            Err(error) => {
                reply_with(reply, Err(error));
                return Some(());
            }
        };
        let is_resolution = matches!(input, Input::Resolve { .. });
        let taken = core.machine.handle(input, decided.now, door);
        // Before anybody is asked who may want to know it.
        if let (Ok(_), Some(told)) = (&taken, told)
            && let Err(what) = self.keep_told(&told)
        {
            self.leave(core, Some(Ended::Stopped(what)));
            return None;
        }
        match taken.and_then(|events| self.answer(core, events, decided.now, door)) {
            Ok(more) => {
                decided.events.extend(more);
                decided.replies.extend(reply);
            }
            Err(broken @ Unexpected::Broken { .. }) => {
                error!(parent: self.span(), %broken, "a defect of this library: the instance stops here");
                self.leave(core, Some(Ended::Stopped(broken.to_string())));
                return None;
            }
            Err(unexpected) => {
                debug!(parent: self.span(), %unexpected, "an input does not fit");
                reply_with(reply, Err(self.error_of(core, is_resolution, &unexpected)));
            }
        }
        Some(())
    }

    /// The events of a turn, with those of the answers to what the machine asks of the saga's pure methods then.
    fn answer(
        &self,
        core: &mut Core,
        mut events: Vec<Event>,
        now: Timestamp,
        door: &mut Door<'_>,
    ) -> Result<Vec<Event>, Unexpected> {
        if let Some(memory) = &self.memory {
            events.extend(answer_all(&self.shared, &mut core.machine, &**memory, now, door)?);
        }
        Ok(events)
    }

    /// What a command that does not fit is answered with.
    fn error_of(&self, core: &Core, is_resolution: bool, unexpected: &Unexpected) -> Error {
        let id = self.id.clone();
        match unexpected {
            Unexpected::PastPivot => Error::PastPivot { id },
            Unexpected::NotRevertible => not_revertible(id, core.machine.instance_state()),
            Unexpected::Ended if !is_resolution => Error::Finished { id },
            Unexpected::NotApplicable { why } => Error::NotApplicable { id, why: why.clone() },
            Unexpected::NoItem { step, item } => {
                no_such_step(&id, self.saga.definition(), &format!("{step}/{item}"))
            }
            _ => Error::NotParked { id },
        }
    }

    /// Hands the entry in to be written.
    fn hand_in(self: &Arc<Self>, core: &mut Core, events: Vec<Event>, replies: Vec<Reply>, now: Timestamp) {
        let seq = core.seq.next();
        let entry = Entry { seq, epoch: self.epoch, at: now, events };
        let encoded = match codec::encode(&entry) {
            Ok(encoded) => encoded,
            Err(error) => {
                error!(parent: self.span(), %error, "an entry cannot be written");
                return self.leave(core, Some(Ended::Stopped(error.to_string())));
            }
        };
        core.folded.add(&core.machine, &encoded);
        core.seq = seq;
        // Until a child is known to be started or taken back, a crash must find the instance ready, not waiting.
        let definition = self.saga.definition();
        let attends = entry.events.iter().any(|event| concerns_children(definition, event));
        let stays = core.stays() || (attends && core.machine.waits_for_children());
        let due = due_of(&core.machine, now, stays);
        let progress = Progress { due, ..core.machine.progress() };
        let changed = (progress != core.progress).then(|| progress.clone());
        let calls_for_attention = calls_for_attention(&core.progress, &progress, &entry.events);
        core.progress = progress;
        core.writing =
            Some(Writing { events: entry.events, replies, calls_for_attention, handed_out: false });
        let ended = core.machine.instance_state().is_terminal();
        let wake = self.parent.clone().filter(|_| ended);
        let write = Write::Append { id: self.id.clone(), entry: encoded, progress: changed, wake };
        self.shared.committer.submit(write, Arc::clone(self));
    }
}

/// Answers what the machine asks of the pure methods, for as long as it asks.
pub(super) fn answer_all(
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

pub(super) fn reply_with(reply: Option<Reply>, result: Result<(), Error>) {
    if let Some(reply) = reply {
        // Who no longer waits needs no answer.
        let _gone = reply.send(result);
    }
}
