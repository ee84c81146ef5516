//! There is nothing to decide: an instance waits, or it leaves memory.

use std::sync::Arc;
use std::time::Duration;

use super::live::{Arrival, Core, Live};
use crate::journal::InstanceState;
use crate::machine::{Input, Machine};
use crate::runtime::children;
use crate::runtime::line;
use crate::runtime::shared::Ended;
use crate::time::Timestamp;

/// An instance that waits longer than this leaves memory, and is read back when its time has come. Reading it
/// back costs more than keeping it for a moment.
const WAIT_IN_MEMORY_MAX: Duration = Duration::from_secs(5);

impl Live {
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
        core.slot = None;
        core.suspicion = None;
        core.permits.clear();
        core.inbox.clear();
        core.creators.clear();
        core.writing = None;
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
    }

    /// There is nothing to decide: the instance waits for its attempts or for a time, or it leaves memory.
    pub(super) fn rest(self: &Arc<Self>, core: &mut Core) {
        let ended = match core.machine.instance_state() {
            InstanceState::Completed => Some(Ended::Completed(core.output.clone())),
            InstanceState::Compensated => core.machine.failure().map(Ended::Compensated),
            InstanceState::Parked => core.machine.parked().map(Ended::Parked),
            InstanceState::Running | InstanceState::Compensating | InstanceState::Unreadable => None,
        };
        if let Some(ended) = ended {
            self.leave(core, Some(ended));
            return core.progress.due.into_iter().for_each(|due| self.shared.note_due(due));
        }
        if !core.in_line.iter().all(|limit| limit.has_in_line(&self.id)) {
            // It was called before anybody could find it, since its first entry was not there yet.
            core.inbox.push_back(Input::Proceed.into());
            return self.decide(core);
        }
        if core.machine.has_attempts_running() || !core.attended.is_empty() {
            return self.arm(core);
        }
        if let Some(due) = core.progress.due {
            self.leave(core, None);
            // A signal or the end of a child that came just before has made it due at once.
            let may_be_called = core.machine.waits_for_signal() || core.machine.waits_for_children();
            return self.shared.note_due(if may_be_called { self.shared.now() } else { due });
        }
        if !core.in_line.is_empty() {
            let wake = core.machine.next_wake();
            if wake.is_none_or(|at| at.since(self.shared.now()) > WAIT_IN_MEMORY_MAX) {
                return self.leave_in_line(core, wake);
            }
        }
        if core.place.is_some() {
            return self.arm(core);
        }
        let slot = core.slot.take();
        self.leave(core, None);
        match slot {
            Some(slot) => self.shared.admission.enqueue(self.id.clone(), slot),
            None => self.shared.admission.enqueue_resumed(self.id.clone()),
        }
    }

    /// Proceeds when the next time comes that the machine waits for, if it does. The timer counts by tokio's
    /// clock: what it has waited for has passed, even if the wall clock was set back meanwhile. Nothing wakes
    /// during a shutdown, since nothing would start.
    pub(super) fn arm(self: &Arc<Self>, core: &mut Core) {
        let Some(at) = core.machine.next_wake().filter(|_| !self.shared.lifecycle.is_ending()) else {
            return;
        };
        if core.timer.as_ref().is_some_and(|(armed, _)| *armed == at) {
            return;
        }
        let wait = at.since(self.shared.now());
        if (core.place.is_none() || self.shared.is_between_stays()) && wait.is_zero() {
            // It is due, and without a place nothing starts: it is queued for one when its attempts have ended. Between
            // two stays nothing starts either, and the next one brings it back.
            return;
        }
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
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
    }

    /// Leaves memory.
    pub(super) fn leave(&self, core: &mut Core, ended: Option<Ended>) {
        core.gone = true;
        if core.place.take().is_none() && ended.is_some() && self.is_created() {
            // It may have been queued when somebody decided on it. One that never was is not what waits under its id.
            self.shared.admission.dequeue(&self.id);
        }
        core.slot = None;
        core.suspicion = None;
        core.permits.clear();
        if let Some((_, timer)) = core.timer.take() {
            timer.abort();
        }
        core.inbox.clear();
        self.shared.remove(self, ended.as_ref());
        // That it is parked its parent need not hear: there is nothing to do until it goes on. A parent that takes it
        // back would ask it again, and hear of it again, for ever.
        let is_news = ended.is_some_and(|ended| !matches!(ended, Ended::Parked(_)));
        if let (Some(parent), true) = (self.parent.clone(), is_news) {
            let shared = Arc::clone(&self.shared);
            self.shared.runtime.spawn(async move { children::tell_parent(&shared, &parent) });
        }
    }
}

/// Until when an instance waits outside memory, unless something is under way for which it `stays`. What is parked
/// leaves memory in any case.
pub(super) fn due_of(machine: &Machine, now: Timestamp, stays: bool) -> Option<Timestamp> {
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
