//! The state of a model: the store, the workers, what is under way between them and the services, and the services.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use saga_core::journal::{Entry, Event, InstanceState};
use saga_core::machine::Machine;
use saga_core::time::Timestamp;

use super::clock::{START, Timeless};
use super::ledger::{Ledger, STEPS_MAX};
use super::promise::Broken;
use super::saga::Saga;
use super::services::{Answer, Method, Service};

/// How many workers there are.
pub(super) const WORKERS: usize = 2;

/// The entries of a journal, shared by all states that have them.
pub(super) type Journal = Arc<Vec<Arc<Entry>>>;

/// A state of the whole.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) store: Store,
    pub(super) workers: [Option<Live>; WORKERS],
    /// Entries that were handed in by workers that are gone, and may yet reach the store.
    pub(super) flying: Vec<Write>,
    /// Calls in order, so that the same calls are the same state.
    pub(super) calls: Vec<Call>,
    pub(super) services: [Service; STEPS_MAX],
    pub(super) client: Client,
    /// How many faults may yet happen.
    pub(super) faults: u8,
    pub(super) broken: Option<Broken>,
    pub(super) past: Past,
}

/// The store, with what it knows of one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    pub(super) journal: Journal,
    /// The machine whose journal that is, once there is one.
    pub(super) fold: Option<Arc<Folded>>,
    pub(super) ledger: Ledger,
    /// The stay that the instance belongs to.
    pub(super) epoch: u64,
    /// Whether the message is in the inbox.
    pub(super) has_signal: bool,
}

/// A machine with what is asked of it again and again.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) machine: Machine,
    /// When it goes on by itself.
    pub(super) wake: Option<Timestamp>,
    print: u64,
}

/// A worker that has the instance in memory.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Its stay.
    pub(super) epoch: u64,
    pub(super) machine: Arc<Folded>,
    /// What it takes for the journal: with the entry that it has handed in.
    pub(super) journal: Journal,
    pub(super) writing: Option<Writing>,
    /// Whether it was told of the message.
    pub(super) has_signal: bool,
    /// Whether it knows that its lease has passed, and goes on all the same.
    pub(super) knows: bool,
}

/// An entry that a worker has handed in, and of which it has yet to hear.
#[derive(Debug, Clone)]
pub(super) struct Writing {
    pub(super) write: Write,
    pub(super) stage: Stage,
    /// Whether somebody waits to hear that the instance is cancelled.
    pub(super) cancels: bool,
}

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    OnItsWay,
    Durable,
    Refused,
}

/// An entry on its way to the store.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) entry: Arc<Entry>,
    /// The fold of the journal that ends with it.
    pub(super) fold: Arc<Folded>,
    print: u64,
}

/// A call of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) step: u8,
    pub(super) method: Method,
    /// Which attempt; 0 once nobody waits for it.
    pub(super) attempt: u32,
    /// Whether a compensation knows the output of its step.
    pub(super) has_output: bool,
    /// Which worker waits for the answer.
    pub(super) caller: Option<u8>,
    /// Whether the request is travelling.
    pub(super) travels: bool,
    /// What the caller is to hear.
    pub(super) answer: Option<Answer>,
}

/// Whoever started the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Client {
    /// How often the instance may yet be cancelled.
    pub(super) cancels: u8,
    /// How often it may yet be resolved.
    pub(super) resolves: u8,
    /// Whether it was told that the instance is cancelled.
    pub(super) is_cancelled: bool,
}

/// What has been on the way to a state and makes no difference to what follows: no part of its identity.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    pub(super) crashed: bool,
    pub(super) doubted: bool,
    pub(super) resolved: bool,
    /// Whose effect was had by a worker that had lost the instance.
    pub(super) stale_effects: [bool; STEPS_MAX],
    /// Whose effect its service has refused to have had.
    pub(super) refused_effects: [bool; STEPS_MAX],
}

impl Folded {
    pub(super) fn new(machine: Machine) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        machine.state().hash(&mut Timeless(&mut hasher));
        Self::with_print(machine, hasher.finish())
    }

    /// The same of another machine in the same state.
    pub(super) fn same(&self, machine: Machine) -> Arc<Self> {
        Self::with_print(machine, self.print)
    }

    fn with_print(machine: Machine, print: u64) -> Arc<Self> {
        Arc::new(Self { wake: machine.next_wake(), machine, print })
    }

    pub(super) fn state(&self) -> InstanceState {
        self.machine.instance_state()
    }
}

impl Write {
    pub(super) fn new(entry: Arc<Entry>, fold: Arc<Folded>) -> Self {
        let mut hasher = DefaultHasher::new();
        for event in &entry.events {
            // How an attempt failed is in the journal, and not always in what its machine makes of it.
            let kind = match event {
                Event::AttemptFailed { fault, .. } => Some(discriminant(&fault.kind)),
                _ => None,
            };
            (event.name(), event.step(), kind).hash(&mut hasher);
        }
        fold.print.hash(&mut hasher);
        let print = hasher.finish();
        Self { entry, fold, print }
    }
}

impl Store {
    /// The number that the next entry has to have.
    pub(super) fn next(&self) -> u64 {
        self.journal.len() as u64 + 1
    }

    /// Where the instance is by its journal, if there is one.
    pub(super) fn state(&self) -> Option<InstanceState> {
        self.fold.as_ref().map(|fold| fold.state())
    }
}

impl Saga {
    /// Where it begins: a worker has handed in the first entry of a new instance.
    pub(super) fn first(&self) -> State {
        let client = Client { cancels: self.cancels, resolves: self.resolves, is_cancelled: false };
        let (machine, events) = self.begin();
        let live = Live {
            epoch: 1,
            machine: Folded::new(machine.clone()),
            journal: Journal::default(),
            writing: None,
            has_signal: false,
            knows: false,
        };
        let mut state = State {
            store: Store { epoch: 1, ..Store::default() },
            workers: [Some(live), None],
            flying: Vec::new(),
            calls: Vec::new(),
            services: Default::default(),
            client,
            faults: self.faults,
            broken: None,
            past: Past::default(),
        };
        self.hand_in(&mut state, 0, machine, events, START);
        state.order_calls();
        state
    }
}

impl State {
    /// The worker that the instance belongs to, if that has it in memory.
    pub(super) fn owner(&self) -> Option<usize> {
        let owns = |worker: &Option<Live>| worker.as_ref().is_some_and(|live| self.owns(live));
        self.workers.iter().position(owns)
    }

    /// Whether the instance belongs to a worker that has it in memory.
    pub(super) const fn owns(&self, live: &Live) -> bool {
        live.epoch == self.store.epoch
    }

    /// Keeps the calls in order after one was changed or added.
    pub(super) fn order_calls(&mut self) {
        self.calls.retain(|call| call.travels || call.answer.is_some());
        self.calls.sort_unstable();
    }

    /// Nobody waits for the calls of `worker` any more. Their requests travel on.
    pub(super) fn abandon_calls(&mut self, worker: usize) {
        for call in self.calls.iter_mut().filter(|call| call.caller.map(usize::from) == Some(worker)) {
            call.abandon();
        }
        self.order_calls();
    }
}

impl Call {
    pub(super) const fn abandon(&mut self) {
        (self.caller, self.attempt, self.answer) = (None, 0, None);
        // A check has no effect, so nothing comes of one that nobody hears of.
        self.travels = self.travels && !matches!(self.method, Method::Check);
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Self { store, workers, flying, calls, services, client, faults, broken, past: _ } = self;
        store.fold.as_ref().map(|fold| fold.print).hash(hasher);
        (&store.ledger, store.has_signal).hash(hasher);
        for worker in workers {
            worker.as_ref().map(|live| self.print_of(live)).hash(hasher);
        }
        for write in flying {
            self.print_of_write(write).hash(hasher);
        }
        (calls, services, client, faults, broken.map(|broken| broken.promise)).hash(hasher);
    }
}

impl State {
    /// What matters of a worker. Which number its stay has does not, only whether it is over; nor does which journal
    /// it goes by then, since nothing that it writes is taken.
    fn print_of(&self, live: &Live) -> u64 {
        let mut hasher = DefaultHasher::new();
        let Live { machine, writing, has_signal, knows, .. } = live;
        (self.owns(live), machine.print, machine.wake, has_signal, knows).hash(&mut hasher);
        if let Some(Writing { write, stage, cancels }) = writing {
            (self.print_of_write(write), stage, cancels).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn print_of_write(&self, write: &Write) -> (u64, bool, bool) {
        let is_next = write.entry.seq.get() == self.store.next();
        (write.print, write.entry.epoch.get() == self.store.epoch, is_next)
    }
}

impl PartialEq for State {
    /// As the checker sees it.
    fn eq(&self, other: &Self) -> bool {
        let print = |state: &Self| {
            let mut hasher = DefaultHasher::new();
            state.hash(&mut hasher);
            hasher.finish()
        };
        print(self) == print(other)
    }
}
