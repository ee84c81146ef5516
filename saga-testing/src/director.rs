//! Who decides in one history what goes wrong, and remembers what happened.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saga_core::id::{Epoch, InstanceId, StepIndex};
use saga_core::journal::InstanceState;
use saga_core::private::Role;
use saga_core::runtime::{Clock, Intercepted};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::deviation::Deviation;
use crate::life::CALLS_MAX;
use crate::options::{self, Parking, Seen};
use crate::plan::Plan;
use crate::timeline::{Kind, LineId, Timeline};

/// How long after a crash the process starts again.
const UNTIL_RESTART: Duration = Duration::from_secs(60);

/// When histories begin, on the instances' own clock: some moment, the same in every run.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// What is to go wrong in a history.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// At these moments.
    Moments(Plan),
    /// At the first calls of these steps, in order.
    Named(Vec<(&'static str, Deviation)>),
}

/// What is wanted of a history beside its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What could go wrong in addition.
    Options,
    /// The timeline.
    Timeline,
    /// Nothing.
    Nothing,
}

/// Which method of which step of which instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Method {
    instance: String,
    step: StepIndex,
    item: Option<u32>,
    role: Role,
}

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
    script: Script,
    moment: usize,
    options: Vec<(usize, Deviation)>,
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
    began: Instant,
    before: Duration,
}

/// A call that begins.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) method: Method,
    pub(crate) deviation: Option<Deviation>,
    pub(crate) line: Option<LineId>,
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
            script,
            moment: 0,
            options: Vec::new(),
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
            began: Instant::now(),
            before: Duration::ZERO,
        };
        let stands = watch::Sender::new(Stand::Open);
        Arc::new(Self { id: id.to_owned(), parking, wanted, inner: Mutex::new(inner), stands })
    }

    /// Lets a life of the process begin.
    pub(crate) fn begin_life(&self, life: usize) {
        let mut inner = self.inner();
        inner.began = Instant::now();
        inner.is_dead = false;
        inner.running = 0;
        let has_ended = inner.has_ended;
        self.stands.send_replace(if has_ended { Stand::Ended } else { Stand::Open });
        if life > 1 {
            inner.before += UNTIL_RESTART;
            drop(inner);
            self.note(Kind::Plain, "the process starts again");
        }
    }

    /// Lets a life of the process end, so that the next one begins later.
    pub(crate) fn end_life(&self) {
        let mut inner = self.inner();
        inner.before = inner.now();
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

    /// A call begins. `None` if the process is dead.
    pub(crate) fn begin(&self, call: &Intercepted) -> Option<Begun> {
        let method = method_of(call);
        let mut inner = self.inner();
        if inner.is_dead {
            return None;
        }
        inner.calls += 1;
        inner.running += 1;
        let seen = inner.methods.entry(method.clone()).or_default();
        seen.calls += 1;
        let seen = *seen;
        if seen.calls > options::budget(call).map_or(0, std::num::NonZeroU32::get).max(CALLS_MAX) {
            inner.tired_of = Some(name_of(call, &self.id));
            self.stands.send_replace(Stand::Endless);
            return None;
        }
        let deviation = match seen.spell {
            Some((each, left)) if left > 0 && !call.compensates() => {
                inner.moment += 1;
                inner.methods.entry(method.clone()).or_default().spell = Some((each, left - 1));
                Some(each)
            }
            _ => self.decide_on(&mut inner, call, &method, seen),
        };
        let line = (self.wanted == Wanted::Timeline).then(|| {
            // Of a call that is made twice the second one deviates.
            let kind = match deviation {
                None | Some(Deviation::Twice) => Kind::Plain,
                Some(_) => Kind::Deviates,
            };
            let at = inner.now();
            inner.timeline.note(
                at,
                kind,
                format!("{}, attempt {}", name_of(call, &self.id), call.cx().attempt()),
            )
        });
        Some(Begun { method, deviation, line })
    }

    fn decide_on(
        &self,
        inner: &mut Inner,
        call: &Intercepted,
        method: &Method,
        seen: Seen,
    ) -> Option<Deviation> {
        let named =
            (call.role() == Role::Step && call.cx().instance_id() == self.id).then(|| call.cx().step());
        let deviation = self.next(inner, named, || options::of_call(call, seen, self.parking))?;
        let Some(each) = deviation.each() else { return Some(deviation) };
        let left =
            options::budget(call).map_or(1, std::num::NonZeroU32::get).saturating_sub(call.cx().attempt());
        inner.methods.entry(method.clone()).or_default().spell = Some((each, left));
        Some(each)
    }

    /// An entry is to be written. `None` if the process is dead.
    pub(crate) fn begin_append(&self) -> Option<Option<Deviation>> {
        let mut inner = self.inner();
        if inner.is_dead {
            return None;
        }
        Some(self.next(&mut inner, None, || vec![Deviation::CrashBefore, Deviation::CrashAfter]))
    }

    /// Whether a signal is sent: the one of this place in the list, for a step that waits for it at most `within`.
    pub(crate) fn sends(&self, signal: usize, within: Option<Duration>) -> bool {
        let mut inner = self.inner();
        if inner.unsent.contains(&signal) {
            return false;
        }
        let unsent = || within.map(|_| Deviation::Unsent).into_iter().collect();
        if self.next(&mut inner, None, unsent).is_some() {
            inner.unsent.push(signal);
            return false;
        }
        true
    }

    /// The next moment: what goes wrong at it.
    fn next(
        &self,
        inner: &mut Inner,
        named: Option<&str>,
        options: impl FnOnce() -> Vec<Deviation>,
    ) -> Option<Deviation> {
        let moment = inner.moment;
        inner.moment += 1;
        match &mut inner.script {
            Script::Moments(plan) => {
                if self.wanted == Wanted::Options && plan.can_go_on_at(moment) {
                    let alone_too = plan.len() == 0;
                    let options = options().into_iter().filter(|option| alone_too || !option.stands_alone());
                    inner.options.extend(options.map(|option| (moment, option)));
                }
                plan.at(moment)
            }
            Script::Named(wanted) => {
                let at = wanted.iter().position(|(step, _)| named == Some(*step))?;
                Some(wanted.remove(at).1)
            }
        }
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

    /// The call may have an effect from here on.
    pub(crate) fn may_have_effect(&self, method: &Method) {
        self.inner().methods.entry(method.clone()).or_default().effects += 1;
    }

    /// It had none.
    pub(crate) fn had_no_effect(&self, method: &Method) {
        let mut inner = self.inner();
        let seen = inner.methods.entry(method.clone()).or_default();
        seen.effects = seen.effects.saturating_sub(1);
    }

    /// The call arrives later.
    pub(crate) fn put_off(&self, method: &Method, call: Intercepted) {
        self.inner().late.push((method.clone(), call));
    }

    /// The calls that were put off: all, or those of the step that `of` is a method of.
    pub(crate) fn take_late(&self, of: Option<&Method>) -> Vec<(Method, Intercepted)> {
        let is_of = |late: &Method| {
            of.is_none_or(|of| (&late.instance, late.step, late.item) == (&of.instance, of.step, of.item))
        };
        self.inner().late.extract_if(.., |(late, _)| is_of(late)).collect()
    }

    /// Notes something in the timeline, if there is one.
    pub(crate) fn note(&self, kind: Kind, what: impl Into<String>) -> Option<LineId> {
        let mut inner = self.inner();
        let at = inner.now();
        (self.wanted == Wanted::Timeline).then(|| inner.timeline.note(at, kind, what))
    }

    /// Notes what came of a line.
    pub(crate) fn end(&self, line: Option<LineId>, end: impl Into<String>) {
        if let Some(line) = line {
            self.inner().timeline.end(line, end);
        }
    }

    /// A call is over. If nothing was noted of it, it was given up, alone or with the process.
    pub(crate) fn end_call(&self, line: Option<LineId>) {
        let mut inner = self.inner();
        inner.running = inner.running.saturating_sub(1);
        let end = if inner.is_dead { "it dies with the process" } else { "no answer in time" };
        drop(inner);
        self.end(line, end);
    }

    /// Whether a call is under way.
    pub(crate) fn is_calling(&self) -> bool {
        self.inner().running > 0
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
        UNIX_EPOCH + BEGINNING + self.inner().now()
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
        let is_complete = match &inner.script {
            Script::Moments(plan) => plan.last().is_none_or(|(last, _)| inner.moment > last),
            Script::Named(wanted) => wanted.is_empty(),
        };
        Trace {
            options: std::mem::take(&mut inner.options),
            moments: inner.moment,
            calls: inner.calls,
            is_complete,
            timeline: std::mem::take(&mut inner.timeline),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.before + self.began.elapsed()
    }
}

/// The instances' clock: it goes on in the next life where the last one has left it.
pub(crate) struct HistoryClock(pub(crate) Arc<Director>);

impl Clock for HistoryClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

fn method_of(call: &Intercepted) -> Method {
    let instance = call.cx().instance_id().to_owned();
    Method { instance, step: call.step(), item: call.item(), role: call.role() }
}

/// What people call the method.
pub(crate) fn name_of(call: &Intercepted, root: &str) -> String {
    let cx = call.cx();
    let item = call.item().map(|item| format!("/{item}")).unwrap_or_default();
    let step = format!("{}{item}", cx.step());
    let method = match call.role() {
        Role::Step => step,
        Role::Check => format!("check of {step}"),
        Role::Compensation => format!("compensation of {step}"),
    };
    match cx.instance_id() {
        id if id == root => method,
        id => format!("{id}: {method}"),
    }
}
