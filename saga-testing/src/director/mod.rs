//! Who decides in one history what goes wrong, and remembers what happened.

mod calls;
mod clock;
mod method;
mod script;

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::InstanceState;
use saga_core::runtime::Intercepted;
use tokio::sync::watch;

use crate::deviation::Deviation;
use crate::options::{Parking, Seen};
use crate::timeline::{Kind, LineId, Timeline};

pub(crate) use calls::Begun;
use clock::Elapsed;
pub(crate) use clock::HistoryClock;
pub(crate) use method::{Method, name_of};
use script::Course;
pub(crate) use script::{Script, Wanted};

/// One history from its beginning to its end, over all lives of the process.
#[derive(Debug)]
pub(crate) struct Director {
    id: String,
    parking: Parking,
    wanted: Wanted,
    inner: Mutex<Inner>,
    stands: watch::Sender<Stand>,
}

/// Where the history stands, for who waits for its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It goes on.
    Open,
    /// The process is dead.
    Dead,
    /// The instance has ended, or is parked.
    Ended,
    /// A method was called more often than any sound saga does.
    Endless,
}

#[derive(Debug)]
struct Inner {
    course: Course,
    methods: HashMap<Method, Seen>,
    late: Vec<(Method, Intercepted)>,
    unsent: Vec<usize>,
    calls: usize,
    is_dead: bool,
    has_ended: bool,
    tired_of: Option<String>,
    running: usize,
    stay: Option<Epoch>,
    timeline: Timeline,
    elapsed: Elapsed,
}

/// What is left of a history when it is over.
#[derive(Debug)]
pub(crate) struct Trace {
    /// What could go wrong in addition, with the numbers of the moments.
    pub(crate) options: Vec<(usize, Deviation)>,
    /// How many moments there were: calls, entries and signals.
    pub(crate) moments: usize,
    /// How many calls there were.
    pub(crate) calls: usize,
    /// Whether everything went wrong that was to.
    pub(crate) is_complete: bool,
    /// What happened.
    pub(crate) timeline: Timeline,
}

impl Director {
    pub(crate) fn new(id: &str, script: Script, parking: Parking, wanted: Wanted) -> Arc<Self> {
        let inner = Inner {
            course: Course::new(script, wanted),
            methods: HashMap::new(),
            late: Vec::new(),
            unsent: Vec::new(),
            calls: 0,
            is_dead: false,
            has_ended: false,
            tired_of: None,
            running: 0,
            stay: None,
            timeline: Timeline::default(),
            elapsed: Elapsed::new(),
        };
        let stands = watch::Sender::new(Stand::Open);
        Arc::new(Self { id: id.to_owned(), parking, wanted, inner: Mutex::new(inner), stands })
    }

    /// Lets a life of the process begin.
    pub(crate) fn begin_life(&self, life: usize) {
        let mut inner = self.inner();
        inner.elapsed.begin_life(life);
        inner.is_dead = false;
        inner.running = 0;
        let has_ended = inner.has_ended;
        self.stands.send_replace(if has_ended { Stand::Ended } else { Stand::Open });
        if life > 1 {
            drop(inner);
            self.note(Kind::Plain, "the process starts again");
        }
    }

    /// Lets a life of the process end, so that the next one begins later.
    pub(crate) fn end_life(&self) {
        self.inner().elapsed.end_life();
    }

    /// The id of the instance that the history is about.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Waits until the history stands so that `is_wanted`.
    pub(crate) async fn stands(&self, is_wanted: impl Fn(Stand) -> bool) -> Stand {
        let mut stands = self.stands.subscribe();
        match stands.wait_for(|stand| is_wanted(*stand)).await {
            Ok(stand) => *stand,
            // The sender is `self`.
            Err(_closed) => pending().await,
        }
    }

    /// Waits for good if the process is dead: its code does nothing more.
    pub(crate) async fn live(&self) {
        if self.inner().is_dead {
            pending::<()>().await;
        }
    }

    /// An entry is to be written. `None` if the process is dead.
    pub(crate) fn begin_append(&self) -> Option<Option<Deviation>> {
        let mut inner = self.inner();
        if inner.is_dead {
            return None;
        }
        Some(inner.course.next(None, || vec![Deviation::CrashBefore, Deviation::CrashAfter]))
    }

    /// Whether a signal is sent: the one of this place in the list, for a step that waits for it at most `within`.
    pub(crate) fn sends(&self, signal: usize, within: Option<Duration>) -> bool {
        let mut inner = self.inner();
        if inner.unsent.contains(&signal) {
            return false;
        }
        let unsent = || within.map(|_| Deviation::Unsent).into_iter().collect();
        if inner.course.next(None, unsent).is_some() {
            inner.unsent.push(signal);
            return false;
        }
        true
    }

    /// The instance that the history is about is in this state, durably.
    pub(crate) fn reached(&self, instance: &InstanceId, state: InstanceState) {
        if instance.as_str() == self.id && (state.is_terminal() || state == InstanceState::Parked) {
            let mut inner = self.inner();
            inner.has_ended = true;
            if !inner.is_dead {
                self.stands.send_replace(Stand::Ended);
            }
        }
    }

    /// The process dies.
    pub(crate) fn die(&self, when: &str) {
        self.note(Kind::Deviates, format!("the process dies{when}"));
        self.inner().is_dead = true;
        self.stands.send_replace(Stand::Dead);
    }

    /// Notes something in the timeline, if there is one.
    pub(crate) fn note(&self, kind: Kind, what: impl Into<String>) -> Option<LineId> {
        let mut inner = self.inner();
        let at = inner.elapsed.now();
        (self.wanted == Wanted::Timeline).then(|| inner.timeline.note(at, kind, what))
    }

    /// Notes what came of a line.
    pub(crate) fn end(&self, line: Option<LineId>, end: impl Into<String>) {
        if let Some(line) = line {
            self.inner().timeline.end(line, end);
        }
    }

    /// Keeps the stay of this life.
    pub(crate) fn keep_stay(&self, epoch: Epoch) {
        self.inner().stay = Some(epoch);
    }

    /// The stay of the life before.
    pub(crate) fn take_stay(&self) -> Option<Epoch> {
        self.inner().stay.take()
    }

    /// The time on the instances' clock.
    pub(crate) fn now(&self) -> SystemTime {
        self.inner().elapsed.wall()
    }

    /// Whether a timeline is wanted.
    pub(crate) fn is_recording(&self) -> bool {
        self.wanted == Wanted::Timeline
    }

    /// Which method is called again and again, if one is.
    pub(crate) fn tired_of(&self) -> Option<String> {
        self.inner().tired_of.clone()
    }

    /// What is left of the history.
    pub(crate) fn trace(&self) -> Trace {
        let mut inner = self.inner();
        Trace {
            options: inner.course.take_options(),
            moments: inner.course.moments(),
            calls: inner.calls,
            is_complete: inner.course.is_complete(),
            timeline: std::mem::take(&mut inner.timeline),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
