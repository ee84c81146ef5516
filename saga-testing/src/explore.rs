//! All histories of a saga, up to a number of things that go wrong.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use saga_core::outcome::Outcome;
use saga_core::private::Payloads;
use saga_core::runtime::Builder;
use saga_core::saga::{Receives, Saga};

use crate::options::{Choice, Scope};
use crate::panics::caught;
use crate::plan::Plan;
use crate::report::{Exploration, Violation};
use crate::search;
use crate::subject::Subject;
use crate::verdict::Verdict;
use crate::watch::{Place, Watched};

/// How many things go wrong in one history at most if nothing is said: what two of them do together is where sagas
/// break, and three cost a hundred times as much.
pub const DEFAULT_DEVIATIONS: usize = 2;

/// How many histories are run at most if nothing is said: a few seconds in a debug build.
pub const DEFAULT_HISTORIES: usize = 5_000;

/// Explores a saga: runs `input` through it again and again, and each time lets something else go wrong.
///
/// `make` returns a saga over a world of its own, which its services act on; it is called for every history.
/// Nothing happens before [`run`](Explore::run).
pub fn explore<'a, S: Saga, W: 'a>(
    make: impl FnMut() -> (S, W) + Send + 'a,
    input: S::Input,
) -> Explore<'a, S, W> {
    Explore {
        subject: Subject::new(make, &input),
        check: Mutex::new(Box::new(|_, _| Ok(()))),
        limits: Limits {
            deviations_max: DEFAULT_DEVIATIONS,
            histories_max: DEFAULT_HISTORIES,
            scope: Scope::default(),
        },
        only: None,
    }
}

/// An exploration, to be [run](Self::run). Made by [`explore`].
#[must_use = "nothing is explored until `.run().await`"]
pub struct Explore<'a, S: Saga, W> {
    subject: Subject<'a, S, W>,
    check: Check<'a, S, W>,
    limits: Limits,
    only: Option<String>,
}

/// What must be true at the end of each history.
pub(crate) type Check<'a, S, W> = Mutex<Box<dyn FnMut(&W, &Outcome<S>) -> Result<(), String> + Send + 'a>>;

/// How far an exploration goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deviations_max: usize,
    pub(crate) histories_max: usize,
    pub(crate) scope: Scope,
}

impl<S: Saga, W> fmt::Debug for Explore<'_, S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explore").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<'a, S: Saga, W: 'a> Explore<'a, S, W> {
    /// What must be true of the world and the outcome at the end of each history. It panics or returns an error
    /// where it is not.
    pub fn check<V: Verdict>(mut self, mut check: impl FnMut(&W, &Outcome<S>) -> V + Send + 'a) -> Self {
        self.check = Mutex::new(Box::new(move |world, outcome| check(world, outcome).into_result()));
        self
    }

    /// Registers further sagas over the same world: those that steps of this one are instances of.
    pub fn register(mut self, register: impl Fn(Builder, &W) -> Builder + Send + Sync + 'a) -> Self {
        self.subject.also_register(register);
        self
    }

    /// Sends a signal to the instance when it has started. Where its step waits for a limited time, a history in
    /// which it is not sent is explored too.
    pub fn signal<P: Payloads>(mut self, signal_id: impl Into<String>, payload: P) -> Self
    where
        S: Receives<P>,
    {
        self.subject.also_signal::<S, P>(None, signal_id.into(), &payload);
        self
    }

    /// Sends a signal to a child when it has started; see [`signal`](Self::signal). The child is named by its step
    /// (`TripStep::Stay`), the child of a child by the steps on the way to it (`"stay/breakfast"`).
    pub fn signal_child<C: Receives<P>, P: Payloads>(
        mut self,
        child: impl fmt::Display,
        signal_id: impl Into<String>,
        payload: P,
    ) -> Self {
        self.subject.also_signal::<C, P>(Some(child.to_string()), signal_id.into(), &payload);
        self
    }

    /// The id of the instance; `explored` if nothing is said.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.subject.id = id.into();
        self
    }

    /// How many things go wrong in one history at most; 2 if nothing is said.
    pub fn deviations_max(mut self, deviations: usize) -> Self {
        self.limits.deviations_max = deviations;
        self
    }

    /// How many histories are run at most; 5,000 if nothing is said. Where there are more, all with fewer
    /// deviations are run, and an even choice of those with more. [`Exploration::left_out`] says how many were not.
    pub fn histories_max(mut self, histories: usize) -> Self {
        self.limits.histories_max = histories;
        self
    }

    /// Tries too what the saga has no answer to but to park: refused compensations and steps after the pivot, and
    /// compensations and checks that fail until their attempts are spent, and a process that dies more than twice.
    /// Without it an outcome is parked only where
    /// the saga says so (`in_doubt = park`), or where its own services say such things.
    pub fn with_parking(mut self) -> Self {
        self.limits.scope.parking = Choice::Tried;
        self
    }

    /// Leaves out the histories in which a client cancels the instance: for a saga whose users never do.
    pub fn without_cancelling(mut self) -> Self {
        self.limits.scope.cancelling = Choice::LeftOut;
        self
    }

    /// Leaves out the histories in which a client reverts the completed instance: for a saga whose users never do. One
    /// with a pivot cannot be reverted, and has no such histories.
    pub fn without_reverting(mut self) -> Self {
        self.limits.scope.reverting = Choice::LeftOut;
        self
    }

    /// Runs one history alone: that of a report, by its code.
    pub fn only(mut self, history: impl Into<String>) -> Self {
        self.only = Some(history.into());
        self
    }

    /// Explores, and says how far. It takes the thread until it is done, and uses as many more as there are
    /// processors.
    ///
    /// # Panics
    /// If a history is unsound, with the shortest that was found as a timeline.
    #[expect(clippy::panic, reason = "this is how a test fails")]
    pub async fn run(self) -> Exploration {
        match self.try_run().await {
            Ok(exploration) => exploration,
            Err(violation) => panic!("{violation}"),
        }
    }

    /// The same for a program that wants to look at what was found.
    ///
    /// # Errors
    /// [`Violation`] if a history is unsound.
    #[expect(clippy::unused_async, reason = "threads are what it uses today")]
    pub async fn try_run(self) -> Result<Exploration, Violation> {
        let Self { subject, check, limits, only } = self;
        if let Some(mistake) = subject.mistake() {
            return Err(Violation::without_history(mistake.to_owned()));
        }
        match only {
            None => search::all(&subject, &check, limits),
            Some(code) => match code.parse::<Plan>() {
                Ok(plan) => search::one(&subject, &check, &plan, limits),
                Err(why) => Err(Violation::without_history(why)),
            },
        }
    }
}

/// What `check` says of an outcome.
pub(crate) fn judge<S: Saga, W>(
    check: &Check<'_, S, W>,
    watched: &Watched<'_>,
    world: &W,
    outcome: &Outcome<S>,
) -> Result<(), String> {
    watched.is_at(Place::Check);
    let mut check = check.lock().unwrap_or_else(PoisonError::into_inner);
    caught(|| check(world, outcome)).and_then(|verdict| verdict)
}
