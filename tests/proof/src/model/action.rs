//! What may happen in a state.

use saga_core::id::StepIndex;
use saga_core::journal::InstanceState;
use saga_core::time::Timestamp;

use super::clock::{DEADLINE, START, wait_of};
use super::saga::Saga;
use super::services::{Fate, Method};
use super::state::{Call, Live, Stage, State};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The entry that a worker has handed in reaches the store.
    Land { worker: usize },
    /// An entry reaches the store whose worker is gone.
    LandLate { write: usize },
    /// A worker hears what became of its entry.
    Hear { worker: usize },
    /// A request reaches its service.
    Arrive { call: usize, fate: Fate },
    /// A request is lost, and its caller waits in vain.
    Lose { call: usize },
    /// A caller has waited too long; its request still travels.
    TimeOut { call: usize },
    /// A worker takes an answer.
    Take { call: usize },
    /// A worker takes all answers that have come.
    TakeAll { worker: usize },
    /// A timer has counted up to a time.
    Pass { worker: usize, at: Timestamp },
    /// A worker dies.
    Crash { worker: usize },
    /// A worker takes the instance over, whose lease has passed, and reads it back.
    Claim { worker: usize },
    /// A worker hears that its lease has passed.
    Lost { worker: usize },
    /// The client cancels the instance.
    Cancel { worker: usize },
    /// The message is put into the inbox.
    Signal,
    /// A worker is told of the message.
    Tell { worker: usize },
    /// Somebody wants what is parked tried again.
    Resolve { worker: usize },
}

impl Saga {
    /// Everything that may happen in a state, in an order that is always the same.
    pub(super) fn actions_of(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        for (worker, live) in state.workers.iter().enumerate() {
            match live {
                Some(live) => self.actions_of_worker(state, worker, live, actions),
                None if may_claim(state) => actions.push(Action::Claim { worker }),
                None => {}
            }
        }
        actions.extend((0..state.flying.len()).map(|write| Action::LandLate { write }));
        for (at, call) in state.calls.iter().enumerate() {
            let is_repeated = at > 0 && state.calls[at - 1] == *call;
            if !is_repeated {
                self.actions_of_call(state, at, call, actions);
            }
        }
        let is_there = state.store.fold.is_some() && !state.store.ledger.has_ended();
        if self.has_signal && !state.store.has_signal && is_there {
            actions.push(Action::Signal);
        }
    }

    fn actions_of_worker(&self, state: &State, worker: usize, live: &Live, actions: &mut Vec<Action>) {
        if state.faults > 0 {
            actions.push(Action::Crash { worker });
        }
        if !state.owns(live) && !live.knows {
            actions.push(Action::Lost { worker });
        }
        match live.writing.as_ref().map(|writing| writing.stage) {
            Some(Stage::OnItsWay) => actions.push(Action::Land { worker }),
            Some(Stage::Durable | Stage::Refused) => actions.push(Action::Hear { worker }),
            None => self.actions_of_idle(state, worker, live, actions),
        }
    }

    /// What a worker does that waits for no entry.
    fn actions_of_idle(&self, state: &State, worker: usize, live: &Live, actions: &mut Vec<Action>) {
        let machine = &live.machine.machine;
        let of_worker = |call: &&Call| call.caller.map(usize::from) == Some(worker);
        if state.calls.iter().filter(of_worker).filter(|call| call.answer.is_some()).count() > 1 {
            actions.push(Action::TakeAll { worker });
        }
        if let Some(at) = live.machine.wake {
            actions.push(Action::Pass { worker, at });
            // Later, when more is due. What is due at the same time is due together.
            let steps = self.definition.steps().count();
            let times = (0..steps).map(wait_of).chain(self.has_deadline.then_some(DEADLINE));
            let later = times.map(|wait| START.plus(wait)).filter(|later| *later > at);
            actions.extend(later.map(|at| Action::Pass { worker, at }));
        }
        if state.client.cancels > 0 && !state.client.is_cancelled {
            actions.push(Action::Cancel { worker });
        }
        if state.client.resolves > 0 && machine.instance_state() == InstanceState::Parked {
            actions.push(Action::Resolve { worker });
        }
        if state.store.has_signal && !live.has_signal {
            actions.push(Action::Tell { worker });
        }
    }

    fn actions_of_call(&self, state: &State, at: usize, call: &Call, actions: &mut Vec<Action>) {
        let is_idle = |worker: u8| {
            state.workers[usize::from(worker)].as_ref().is_some_and(|live| live.writing.is_none())
        };
        if call.answer.is_some() && call.caller.is_some_and(is_idle) {
            actions.push(Action::Take { call: at });
        }
        if !call.travels {
            return;
        }
        let arrive = |fate| Action::Arrive { call: at, fate };
        actions.push(arrive(Fate::Done));
        if state.faults == 0 || call.caller.is_none() {
            return;
        }
        let service = &state.services[usize::from(call.step)];
        let of = StepIndex::new(usize::from(call.step)).and_then(|step| self.definition.step(step));
        let is_settled =
            call.method == Method::Step && of.is_some_and(|step| service.is_settled(step, self.flaw));
        actions.extend([Action::Lose { call: at }, arrive(Fate::DoneUnheard)]);
        if call.method != Method::Check {
            actions.push(Action::TimeOut { call: at });
        }
        if !is_settled {
            actions.push(arrive(Fate::NotDone));
            if call.method != Method::Check {
                actions.push(arrive(Fate::Refused));
            }
        }
    }
}

impl Action {
    /// Whether it is a fault: there are only so many of them.
    pub(super) fn is_fault(self, state: &State) -> bool {
        match self {
            Self::Crash { .. } | Self::Lose { .. } | Self::TimeOut { .. } => true,
            Self::Arrive { fate, .. } => fate != Fate::Done,
            // Its worker has paused for so long that its lease has passed.
            Self::Claim { .. } => state.owner().is_some(),
            Self::Land { .. }
            | Self::LandLate { .. }
            | Self::Hear { .. }
            | Self::Take { .. }
            | Self::TakeAll { .. }
            | Self::Pass { .. }
            | Self::Lost { .. }
            | Self::Cancel { .. }
            | Self::Signal
            | Self::Tell { .. }
            | Self::Resolve { .. } => false,
        }
    }
}

/// Whether the instance can be taken over. Nobody reads back what has ended.
fn may_claim(state: &State) -> bool {
    let is_there = state.store.fold.is_some() && !state.store.ledger.has_ended();
    is_there && (state.owner().is_none() || state.faults > 0)
}
