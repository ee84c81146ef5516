//! One life of a process, as it is seen from outside, with what it would leave behind at every moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sagas::{Clock, MemoryStore};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::act::{Act, Method};
use super::remains::Remains;
use super::script::{Script, Wish};
use super::seen::{Done, Ending, Moment, Seen, Told};
use super::shape::{Of, Place, Slot};
use super::world::World;

/// How long after the end of a process the next one begins: longer than its lease, so that it is known to have ended.
const RESTART: Duration = Duration::from_secs(31);

/// What is to be kept of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// What is seen, and what it would leave behind at every moment.
    Remains,
    /// Only what is seen.
    Seen,
    /// What is seen until the process dies at the moment of this number: from then on nothing goes on any more.
    UntilDeath(usize),
}

/// Sees one life.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) places: &'static [Place],
    script: Arc<Script>,
    keep: Keep,
    from: SystemTime,
    began: Instant,
    recording: Mutex<Recording>,
    /// The client is to do what it wishes, by [`Wish`].
    wishes: [Notify; Wish::ALL.len()],
    /// It has cancelled the instance, or that was refused.
    pub(crate) cancelled: Notify,
    /// The process dies.
    pub(crate) died: Notify,
}

/// What was seen so far.
#[derive(Debug)]
pub(crate) struct Recording {
    store: MemoryStore,
    world: World,
    seen: Vec<Seen>,
    remains: Vec<Remains>,
    appends: Vec<(usize, u16)>,
    appended: u16,
    /// When something durable last changed.
    changed: SystemTime,
    /// How many moments there were.
    moments: usize,
    /// What the process that died has left behind.
    left_behind: Option<Remains>,
}

/// A life that has ended.
#[derive(Debug)]
pub(crate) struct Life {
    /// What was seen of it.
    pub(crate) seen: Vec<Seen>,
    /// What it would have left behind at every moment.
    pub(crate) remains: Vec<Remains>,
    /// Its appends: how much was seen by then, and how many there were by then, over all lives.
    pub(crate) appends: Vec<(usize, u16)>,
    /// The store at its end.
    pub(crate) store: MemoryStore,
    /// The services at its end.
    pub(crate) world: World,
}

impl Life {
    /// Where the client is told that the instance has completed.
    pub(crate) fn completed(&self) -> Option<usize> {
        let told = Told::Outcome(Ending::Completed);
        self.seen.iter().position(|seen| matches!(seen, Seen::Told(other) if *other == told))
    }
}

impl Recorder {
    /// A life that goes on from `remains`, to be made inside its runtime.
    pub(crate) fn new(
        places: &'static [Place],
        script: &Arc<Script>,
        remains: &Remains,
        keep: Keep,
    ) -> Arc<Self> {
        let (store, world) = (remains.store.fork(), remains.world.clone());
        let from = remains.at + RESTART;
        let recording = Recording {
            store,
            world,
            seen: Vec::with_capacity(64),
            remains: Vec::new(),
            appends: Vec::new(),
            appended: remains.appends,
            changed: from,
            moments: 0,
            left_behind: None,
        };
        Arc::new(Self {
            places,
            script: Arc::clone(script),
            keep,
            from,
            began: Instant::now(),
            recording: Mutex::new(recording),
            wishes: Default::default(),
            cancelled: Notify::new(),
            died: Notify::new(),
        })
    }

    /// The client is to wish this.
    pub(crate) fn wish(&self, wish: Wish) {
        self.wishes[wish as usize].notify_one();
    }

    /// Waits until the client wishes this.
    pub(crate) async fn wished(&self, wish: Wish) {
        self.wishes[wish as usize].notified().await;
    }

    /// The store of this life.
    pub(crate) fn store(&self) -> MemoryStore {
        self.lock().store.clone()
    }

    /// The life, at its end.
    pub(crate) fn end(&self) -> Life {
        let mut recording = self.lock();
        Life {
            seen: std::mem::take(&mut recording.seen),
            remains: std::mem::take(&mut recording.remains),
            appends: std::mem::take(&mut recording.appends),
            store: recording.store.clone(),
            world: recording.world.clone(),
        }
    }

    /// The time.
    pub(crate) fn time(&self) -> SystemTime {
        self.from + self.began.elapsed()
    }

    /// A service is called. Says what it does.
    pub(crate) fn call(&self, slot: Slot, method: Method, key: &str, attempt: u32) -> Act {
        let mut recording = self.lock();
        let (calls, is_same_key) = recording.world.call(slot, method, key);
        if !is_same_key {
            recording.seen.push(Seen::OtherKey { slot });
        }
        let call = calls + 1;
        let act = self.script.act((slot, method, call));
        recording.seen.push(Seen::Called { slot, method, attempt, call, act });
        self.keep(&mut recording, Moment::Called);
        act
    }

    /// A pure method of a step is asked, or the client is about to send its message. Says what happens.
    pub(crate) fn ask(&self, step: &str, method: Method) -> Act {
        let slot = self.slot(step);
        let mut recording = self.lock();
        let call = recording.world.ask(slot, method);
        let act = self.script.act((slot, method, call));
        recording.seen.push(Seen::Asked { slot, method, call, act });
        act
    }

    /// A request arrives at its service.
    pub(crate) fn arrive(&self, slot: Slot, method: Method, act: Act) -> Done {
        let mut recording = self.lock();
        let done = recording.world.arrive(slot, method, act);
        recording.seen.push(Seen::Did { slot, method, done });
        self.keep(&mut recording, Moment::Done);
        done
    }

    /// A person looks at what the service of a step has done.
    pub(crate) fn look(&self, step: &str) -> Done {
        let slot = self.slot(step);
        let mut recording = self.lock();
        let done = recording.world.look(slot);
        recording.seen.push(Seen::Did { slot, method: Method::Check, done });
        done
    }

    /// What was running when a process died has got through, and that is on record.
    pub(crate) fn settled(&self) {
        let mut recording = self.lock();
        recording.seen.push(Seen::Settled);
        self.keep(&mut recording, Moment::Settled);
    }

    /// Something is seen that leaves nothing behind.
    pub(crate) fn note(&self, seen: Seen) {
        self.lock().seen.push(seen);
    }

    /// Whether the store acknowledges the next append, and loses it: what no store may do.
    pub(crate) fn loses(&self) -> bool {
        self.script.loses(self.lock().appended + 1)
    }

    /// An append is durable.
    pub(crate) fn appended(&self, seen: impl IntoIterator<Item = Seen>) {
        let mut recording = self.lock();
        recording.seen.extend(seen);
        recording.appended += 1;
        let appended = (recording.seen.len(), recording.appended);
        recording.appends.push(appended);
        self.keep(&mut recording, Moment::AfterAppend);
        self.script.wishes_after(recording.appended).for_each(|wish| self.wish(wish));
    }

    /// Instances were handed out.
    pub(crate) fn handed_out(&self, instances: usize) {
        let mut recording = self.lock();
        recording.seen.push(Seen::HandedOut { instances });
        self.keep(&mut recording, Moment::HandedOut);
    }

    /// An append is about to be made. If time has passed since something changed, dying here is another history
    /// than dying there.
    pub(crate) fn before_append(&self) {
        let mut recording = self.lock();
        if self.time() > recording.changed && !recording.seen.is_empty() {
            self.keep(&mut recording, Moment::BeforeAppend);
        }
    }

    /// Goes on, unless the process has died.
    pub(crate) async fn lives(&self) {
        if self.lock().left_behind.is_some() {
            std::future::pending().await
        }
    }

    /// What the process that died has left behind: its store, and its services as they were then.
    pub(crate) fn left_behind(&self) -> Option<Remains> {
        self.lock().left_behind.take()
    }

    /// The slot of a step of the instance.
    fn slot(&self, step: &str) -> Slot {
        Slot::find(self.places, |of| of == Of::Root, step, None).expect("a step of the shape")
    }

    fn keep(&self, recording: &mut Recording, moment: Moment) {
        let at = self.time();
        recording.changed = at;
        let (appends, seen) = (recording.appended, recording.seen.len());
        match self.keep {
            Keep::Seen => {}
            Keep::Remains => {
                let (store, world) = (recording.store.fork(), recording.world.clone());
                recording.remains.push(Remains { store, world, appends, at, seen, moment });
            }
            Keep::UntilDeath(moments) => {
                if recording.moments == moments {
                    let (store, world) = (recording.store.clone(), recording.world.clone());
                    recording.left_behind = Some(Remains { store, world, appends, at, seen, moment });
                    self.died.notify_one();
                }
                recording.moments += 1;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        // A caller that panics does so outside of it.
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of a life, which goes on where the life before it died.
#[derive(Debug)]
pub(crate) struct LifeClock(pub(crate) Arc<Recorder>);

impl Clock for LifeClock {
    fn now(&self) -> SystemTime {
        self.0.time()
    }
}
