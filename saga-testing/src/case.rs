//! Single histories: what goes wrong is named by steps.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use saga_core::definition::{Definition, StepKind};
use saga_core::outcome::Outcome;
use saga_core::private::Payloads;
use saga_core::runtime::Builder;
use saga_core::saga::{Receives, Saga, Step};

use crate::deviation::Deviation;
use crate::director::{Named, Script, Wanted};
use crate::life::live;
use crate::options::Scope;
use crate::search::on_a_thread;
use crate::subject::Subject;

/// One history of a saga, for what is to be said of a certain case. Awaiting it runs it, and returns the world and the
/// outcome. What goes wrong is listed by steps; of two things listed of one step, the second one meets its next call.
pub fn case<'a, S: Saga, W: 'a>(make: impl FnMut() -> (S, W) + Send + 'a, input: S::Input) -> Case<'a, S, W> {
    Case { subject: Subject::new(make, &input), wrong: Vec::new() }
}

/// A history in which the service of `step` refuses.
pub fn fail_at<'a, S: Saga, W: 'a>(
    make: impl FnMut() -> (S, W) + Send + 'a,
    input: S::Input,
    step: S::Step,
) -> Case<'a, S, W> {
    case(make, input).fail_at(step)
}

/// A history in which `step` is done and its answer is lost: every time it is called, if it may be called again and
/// not without limit, so that its outcome stays unknown.
pub fn in_doubt_at<'a, S: Saga, W: 'a>(
    make: impl FnMut() -> (S, W) + Send + 'a,
    input: S::Input,
    step: S::Step,
) -> Case<'a, S, W> {
    case(make, input).in_doubt_at(step)
}

/// A history in which the process dies when `step` is done, before anything is recorded of it, and starts again a
/// minute later.
pub fn crash_after<'a, S: Saga, W: 'a>(
    make: impl FnMut() -> (S, W) + Send + 'a,
    input: S::Input,
    step: S::Step,
) -> Case<'a, S, W> {
    case(make, input).crash_after(step)
}

/// One history, to be awaited. Made by [`case`], [`fail_at`], [`in_doubt_at`] and [`crash_after`].
#[must_use = "nothing runs until it is awaited"]
pub struct Case<'a, S: Saga, W> {
    subject: Subject<'a, S, W>,
    wrong: Vec<Named>,
}

impl<S: Saga, W> fmt::Debug for Case<'_, S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("wrong", &self.wrong).finish_non_exhaustive()
    }
}

impl<'a, S: Saga, W: 'a> Case<'a, S, W> {
    /// The service of `step` refuses.
    pub fn fail_at(self, step: S::Step) -> Self {
        self.and(step, Deviation::Refuse)
    }

    /// `step` is done, and its answer is lost.
    pub fn in_doubt_at(self, step: S::Step) -> Self {
        let ends = stays_in_doubt(&S::definition(), step.name());
        self.and(step, if ends { Deviation::LoseAnswers } else { Deviation::LoseAnswer })
    }

    /// The process dies when `step` is done, before anything is recorded of it, and starts again a minute later.
    pub fn crash_after(self, step: S::Step) -> Self {
        self.and(step, Deviation::CrashAfterCall)
    }

    /// A client cancels the instance when `step` begins: while its first call is under way, or while it waits. Where
    /// the pivot has begun by then, that is refused.
    pub fn cancel_at(mut self, step: S::Step) -> Self {
        self.wrong.push(Named::Cancel(step.name()));
        self
    }

    /// A client reverts the instance once it has completed, which a saga with a pivot does not allow.
    pub fn revert(mut self) -> Self {
        if S::definition().pivot().is_some() {
            let name = S::NAME;
            self.subject.is_wrong(format!("`.revert()`: {name} has a pivot, after which nothing goes back"));
        }
        self.wrong.push(Named::Revert);
        self
    }

    /// Registers further sagas over the same world: those that steps of this one are instances of.
    pub fn register(mut self, register: impl Fn(Builder, &W) -> Builder + Send + Sync + 'a) -> Self {
        self.subject.also_register(register);
        self
    }

    /// Sends a signal to the instance when it has started.
    pub fn signal<P: Payloads>(mut self, signal_id: impl Into<String>, payload: P) -> Self
    where
        S: Receives<P>,
    {
        self.subject.also_signal::<S, P>(None, signal_id.into(), &payload);
        self
    }

    /// Sends a signal to a child when it has started. The child is named by its step (`TripStep::Stay`), the child of
    /// a child by the steps on the way to it (`"stay/breakfast"`).
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

    fn and(mut self, step: S::Step, deviation: Deviation) -> Self {
        let named = Named::Call(step.name(), deviation);
        if S::definition().steps().any(|(_, of)| of.name == *step.name() && of.child.is_some()) {
            self.subject.is_wrong(format!(
                "`{named}`: this step is a saga of its own, and makes no call. Test that saga by itself; `explore` lets \
                 every call of both go wrong"
            ));
        }
        self.wrong.push(named);
        self
    }

    #[expect(clippy::panic, reason = "this is how a test fails")]
    fn run(self) -> (W, Outcome<S>)
    where
        W: Send,
    {
        let Self { subject, wrong } = self;
        let script = Script::Named(wrong);
        let lived = on_a_thread(&subject.watch, || {
            live(&subject, &subject.watch.begin(), script, Scope::default(), Wanted::Timeline)
        });
        let timeline = lived.trace.timeline;
        match lived.end {
            Ok((outcome, world)) if lived.trace.is_complete => (world, outcome),
            Ok(_) => {
                let missed: Vec<_> = lived.trace.missed.iter().map(ToString::to_string).collect();
                let missed = missed.join(", ");
                panic!("a step was not called at which something was to go wrong ({missed}):\n\n{timeline}")
            }
            Err(why) => panic!("{why}\n\n{timeline}"),
        }
    }
}

impl<'a, S: Saga, W: Send + 'a> IntoFuture for Case<'a, S, W> {
    type Output = (W, Outcome<S>);
    type IntoFuture = Pin<Box<dyn Future<Output = (W, Outcome<S>)> + Send + 'a>>;

    /// # Panics
    /// When it is awaited: if the instance does not end, or a step is not called at which something was to go wrong.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run() })
    }
}

/// Whether losing every answer of a step comes to an end.
fn stays_in_doubt(definition: &Definition, name: &str) -> bool {
    let step = definition.steps().map(|(_, step)| step).find(|step| step.name == *name);
    step.is_some_and(|step| {
        let is_before_pivot = matches!(step.kind, StepKind::Compensatable | StepKind::ReadOnly);
        is_before_pivot && step.is_repeatable() && step.retry.attempts_max.is_some()
    })
}
