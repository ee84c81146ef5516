//! Who decides in one history what goes wrong, and remembers what happened.

mod calls;
mod clients;
mod clock;
mod method;
mod root;
mod script;

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use saga_core::definition::Definition;
use saga_core::id::Epoch;
use saga_core::runtime::Intercepted;
use saga_core::store::Write;
use tokio::sync::Notify;

use crate::deviation::Deviation;
use crate::options::{Choice, Scope, Seen};
use crate::timeline::{Kind, LineId, Timeline};

pub(crate) use calls::Begun;
use calls::Running;
use clients::Asked;
use clock::Elapsed;
pub(crate) use clock::HistoryClock;
pub(crate) use method::{Method, name_of};
use root::Root;
use script::{At, Course};
pub(crate) use script::{Named, Script, Wanted};

/// One history from its beginning to its end, over all lives of the process.
#[derive(Debug)]
pub(crate) struct Director {
    id: String,
    scope: Scope,
    wanted: Wanted,
    inner: Mutex<Inner>,
    stand: Mutex<Stand>,
    stands: Notify,
    clients: Notify,
}

/// Where the history stands, for who waits for its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It goes on.
    Open,
    /// It goes on, and a client waits for an answer.
    Asked,
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
    asked: Option<Asked>,
    root: Root,
    there: HashSet<String>,
    calls: usize,
    is_dead: bool,
    tired_of: Option<String>,
    running: Vec<Running>,
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
    /// Whether something was to go wrong at a moment of another sort.
    pub(crate) has_misfit: bool,
    /// What was named, and did not come to pass.
    pub(crate) missed: Vec<Named>,
    /// What happened.
    pub(crate) timeline: Timeline,
}

impl Director {
    /// Directs a history of the instance `id` of `definition`.
    pub(crate) fn new(
        id: &str,
        definition: &Definition,
        script: Script,
        scope: Scope,
        wanted: Wanted,
    ) -> Arc<Self> {
        let inner = Inner {
            course: Course::new(script, wanted, scope.crashes_max()),
            methods: HashMap::new(),
            late: Vec::new(),
            unsent: Vec::new(),
            asked: None,
            root: Root::new(id, definition),
            there: HashSet::new(),
            calls: 0,
            is_dead: false,
            tired_of: None,
            running: Vec::new(),
            stay: None,
            timeline: Timeline::default(),
            elapsed: Elapsed::new(),
        };
        Arc::new(Self {
            id: id.to_owned(),
            scope,
            wanted,
            inner: Mutex::new(inner),
            stand: Mutex::new(Stand::Open),
            stands: Notify::new(),
            clients: Notify::new(),
        })
    }

    /// Lets a life of the process begin.
    pub(crate) fn begin_life(&self, life: usize) {
        let mut inner = self.inner();
        let is_overdue = !inner.elapsed.begin_life(life).is_zero();
        inner.is_dead = false;
        inner.running.clear();
        drop(inner);
        self.settle();
        if life > 1 {
            let when = if is_overdue { ", after the deadline" } else { "" };
            self.note(Kind::Plain, format!("the process starts again{when}"));
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

    /// Waits until the history stands so that `is_wanted`. Who waits goes on in the order in which they began to wait:
    /// a history that is run again is the same.
    pub(crate) async fn stands(&self, is_wanted: impl Fn(Stand) -> bool) -> Stand {
        loop {
            // What changes after this line is heard of, also before it is waited for.
            let changes = self.stands.notified();
            let stand = *self.stand();
            if is_wanted(stand) {
                return stand;
            }
            changes.await;
        }
    }

    fn stand(&self) -> MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for good if the process is dead: its code does nothing more.
    pub(crate) async fn live(&self) {
        if self.inner().is_dead {
            pending::<()>().await;
        }
    }

    /// Entries are to be written. `None` if the process is dead.
    pub(crate) fn begin_append(&self, batch: &[Write]) -> Option<Option<Deviation>> {
        let mut inner = self.inner();
        let Inner { course, root, is_dead, .. } = &mut *inner;
        if *is_dead {
            return None;
        }
        let options = || {
            let mut options = vec![Deviation::CrashBefore, Deviation::CrashAfter];
            let can_be_cancelled = root.can_be_cancelled_after(batch);
            if can_be_cancelled && root.deadline().is_some() {
                options.push(Deviation::Overdue);
            }
            if can_be_cancelled && self.scope.cancelling == Choice::Tried {
                options.push(Deviation::Cancel);
            }
            options
        };
        Some(course.next(At::Entry(&|step| root.begins(step, batch)), options))
    }

    /// Something is durable.
    pub(crate) fn written(&self, write: &Write) {
        let mut inner = self.inner();
        inner.root.note(write);
        if let Write::Create { head, .. } = write {
            inner.there.insert(head.id.to_string());
            self.clients.notify_one();
        }
    }

    /// Tells who waits for it where the history stands now.
    pub(crate) fn settle(&self) {
        let inner = self.inner();
        let stand = match () {
            () if inner.tired_of.is_some() => Stand::Endless,
            () if inner.is_dead => Stand::Dead,
            () if inner.asked.is_some() => Stand::Asked,
            () if inner.root.has_ended() => Stand::Ended,
            () => Stand::Open,
        };
        if std::mem::replace(&mut *self.stand(), stand) != stand {
            self.stands.notify_waiters();
        }
    }

    /// When the process has died it starts again once the deadline has passed.
    pub(crate) fn misses_deadline(&self) {
        let mut inner = self.inner();
        if let Some(deadline) = inner.root.deadline() {
            inner.elapsed.wait_in_death(deadline);
        }
    }

    /// The process dies.
    pub(crate) fn die(&self, when: &str) {
        self.note(Kind::Deviates, format!("the process dies{when}"));
        self.leave_unanswered();
        self.inner().is_dead = true;
        self.settle();
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

    /// The code of the history.
    pub(crate) fn code(&self) -> String {
        self.inner().course.code()
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
            has_misfit: inner.course.has_misfit(),
            missed: inner.course.missed(),
            timeline: std::mem::take(&mut inner.timeline),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
