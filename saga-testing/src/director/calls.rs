//! The calls of a history.

use std::num::NonZeroU32;
use std::time::Duration;

use saga_core::private::Role;
use saga_core::runtime::Intercepted;
use tokio::time::Instant;

use super::script::At;
use super::{Director, Inner, Method, Wanted, name_of};
use crate::deviation::Deviation;
use crate::life::CALLS_MAX;
use crate::options::{self, Seen};
use crate::timeline::{Kind, LineId};

/// A call that begins.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) method: Method,
    pub(crate) deviation: Option<Deviation>,
    pub(crate) line: Option<LineId>,
    /// How many calls had begun, this one included.
    pub(crate) number: usize,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Running {
    number: usize,
    name: String,
    began: Duration,
    /// When it is given up.
    deadline: Option<Instant>,
    /// Whether nothing comes of it before that.
    hangs: bool,
}

/// The calls that are under way.
#[derive(Debug)]
pub(crate) struct UnderWay {
    calls: Vec<(Call, Option<Instant>)>,
    /// How many have begun so far, those that are over included.
    pub(crate) begun: usize,
}

/// A call under way.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) took: Duration,
}

impl UnderWay {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// What they are called.
    pub(crate) fn names(&self) -> Vec<String> {
        self.calls.iter().map(|(call, _)| call.name.clone()).collect()
    }

    /// Of those that the saga makes itself the one that began first.
    pub(crate) fn longest(&self) -> Option<&Call> {
        self.calls
            .iter()
            .filter(|(_, hangs_until)| hangs_until.is_none())
            .map(|(call, _)| call)
            .max_by_key(|call| call.took)
    }

    /// When the first of them is given up, if nothing comes of any before.
    pub(crate) fn hang_until(&self) -> Option<Instant> {
        let deadlines: Option<Vec<Instant>> =
            self.calls.iter().map(|(_, hangs_until)| *hangs_until).collect();
        deadlines?.into_iter().min()
    }
}

impl Director {
    /// A call begins. `None` if the process is dead.
    pub(crate) fn begin(&self, call: &Intercepted) -> Option<Begun> {
        let method = Method::of(call);
        let mut inner = self.inner();
        if inner.is_dead {
            return None;
        }
        inner.calls += 1;
        let number = inner.calls;
        let seen = inner.methods.entry(method.clone()).or_default();
        seen.calls += 1;
        let seen = *seen;
        if seen.calls > options::budget(call).map_or(0, NonZeroU32::get).max(CALLS_MAX) {
            inner.tired_of = Some(name_of(call, &self.id));
            drop(inner);
            self.settle();
            return None;
        }
        let deviation = match seen.spell {
            Some((each, left)) if left > 0 && !call.compensates() => {
                inner.course.pass();
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
            let at = inner.elapsed.now();
            inner.timeline.note(
                at,
                kind,
                format!("{}, attempt {}", name_of(call, &self.id), call.cx().attempt()),
            )
        });
        let began = inner.elapsed.now();
        let deadline = call.cx().attempt_deadline();
        let name = name_of(call, &self.id);
        inner.running.push(Running { number, name, began, deadline, hangs: false });
        Some(Begun { method, deviation, line, number })
    }

    fn decide_on(
        &self,
        inner: &mut Inner,
        call: &Intercepted,
        method: &Method,
        seen: Seen,
    ) -> Option<Deviation> {
        let is_named = call.role() == Role::Step && call.cx().instance_id() == self.id;
        let at = if is_named { At::Call(call.cx().step()) } else { At::OtherCall };
        let deviation = inner.course.next(at, || options::of_call(call, seen, self.scope.parking))?;
        let Some(each) = deviation.each() else { return Some(deviation) };
        let left = options::budget(call).map_or(1, NonZeroU32::get).saturating_sub(call.cx().attempt());
        inner.methods.entry(method.clone()).or_default().spell = Some((each, left));
        Some(each)
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
        let is_of = |late: &Method| of.is_none_or(|of| late.is_of_the_step_of(of));
        self.inner().late.extract_if(.., |(late, _)| is_of(late)).collect()
    }

    /// A call is over. If nothing was noted of it, it was given up, alone or with the process.
    pub(crate) fn end_call(&self, begun: &Begun) {
        let mut inner = self.inner();
        inner.running.retain(|running| running.number != begun.number);
        let end = if inner.is_dead { "it dies with the process" } else { "no answer in time" };
        drop(inner);
        self.end(begun.line, end);
    }

    /// Nothing comes of the call before it is given up.
    pub(crate) fn hangs(&self, begun: &Begun) {
        let mut inner = self.inner();
        let running = inner.running.iter_mut().find(|running| running.number == begun.number);
        if let Some(running) = running {
            running.hangs = true;
        }
    }

    /// The calls under way.
    pub(crate) fn under_way(&self) -> UnderWay {
        let inner = self.inner();
        let now = inner.elapsed.now();
        let calls = inner.running.iter().map(|running| {
            let call = Call { name: running.name.clone(), took: now.saturating_sub(running.began) };
            (call, running.deadline.filter(|_| running.hangs))
        });
        UnderWay { calls: calls.collect(), begun: inner.calls }
    }
}
