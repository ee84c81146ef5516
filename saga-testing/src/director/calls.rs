//! The calls of a history.

use std::num::NonZeroU32;

use saga_core::private::Role;
use saga_core::runtime::Intercepted;

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
        inner.running += 1;
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
        Some(Begun { method, deviation, line })
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
}
