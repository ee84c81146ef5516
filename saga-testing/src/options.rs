//! What can go wrong at a call, as far as the saga has said that it may.

use std::num::NonZeroU32;
use std::time::Duration;

use saga_core::definition::{Definition, InDoubt, OutputUse, StepDefinition, StepKind};
use saga_core::id::StepIndex;
use saga_core::private::Role;
use saga_core::runtime::Intercepted;

use crate::deviation::Deviation;

/// The calls of a method so far, in one history.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// How many, this one included.
    pub(crate) calls: u32,
    /// How many of them may have had an effect.
    pub(crate) effects: u32,
    /// What is done to the next calls, and to how many.
    pub(crate) spell: Option<(Deviation, u32)>,
}

/// Whether deviations of a sort are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// They are left out.
    LeftOut,
    /// They are tried too.
    Tried,
}

/// Which deviations are wanted where the user has a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    /// What can only park the instance.
    pub(crate) parking: Choice,
    /// That a client cancels it.
    pub(crate) cancelling: Choice,
    /// That a client reverts it once it has completed.
    pub(crate) reverting: Choice,
}

/// How often the process dies in one history at most if nothing is to park: a method that takes the process with it
/// three times parks the instance.
const CRASHES_MAX: usize = 2;

impl Scope {
    /// How often the process may die in one history.
    pub(crate) fn crashes_max(self) -> usize {
        match self.parking {
            Choice::LeftOut => CRASHES_MAX,
            Choice::Tried => usize::MAX,
        }
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self { parking: Choice::LeftOut, cancelling: Choice::Tried, reverting: Choice::Tried }
    }
}

/// What can go wrong at `call`.
pub(crate) fn of_call(call: &Intercepted, seen: Seen, parking: Choice) -> Vec<Deviation> {
    let definition = call.definition();
    let Some(step) = definition.step(call.step()) else { return Vec::new() };
    let (attempt, compensates) = (call.cx().attempt(), call.compensates());
    let about = About { definition, index: call.step(), step, seen, attempt, parking, compensates };
    let mut options = match call.role() {
        Role::Step => about.of_step(),
        Role::Check => about.of_check(),
        Role::Compensation => about.of_compensation(),
    };
    if has_concurrency(definition) && !about.is_without_effect(call.role()) {
        options.push(Deviation::CrashAfterCall);
    }
    options
}

/// How often the policy of a method lets it be called.
pub(crate) fn budget(call: &Intercepted) -> Option<NonZeroU32> {
    let step = call.definition().step(call.step())?;
    let policy = match call.role() {
        Role::Step => Some(&step.retry),
        Role::Check => step.check.as_ref().map(|check| &check.retry),
        Role::Compensation => step.compensation.as_ref().map(|compensation| &compensation.retry),
    };
    policy.and_then(|policy| policy.attempts_max)
}

/// A call, and what is known of it.
struct About<'a> {
    definition: &'a Definition,
    index: StepIndex,
    step: &'a StepDefinition,
    seen: Seen,
    /// Those count too that died before the call was made.
    attempt: u32,
    parking: Choice,
    compensates: bool,
}

impl About<'_> {
    fn of_step(&self) -> Vec<Deviation> {
        use Deviation as D;
        let step = self.step;
        let only_forward = self.definition.is_after_pivot(self.index);
        let effect = step.kind != StepKind::ReadOnly;
        let spells = self.attempt == 1 && !self.compensates && !only_forward && self.allows(2);
        // An idempotent pivot in doubt is called without limit, so a spell of doubt has no end there.
        let doubt_spells = spells && step.is_repeatable() && step.kind != StepKind::Pivot;
        let parks = self.parking == Choice::Tried;
        let wanted = [
            (D::Refuse, (parks || !only_forward) && self.may_be_refused()),
            (D::NotDone, true),
            (D::Down, spells),
            (D::LoseRequest, true),
            (D::LoseRequests, doubt_spells),
            (D::LoseAnswer, effect),
            (D::LoseAnswers, doubt_spells && effect),
            (D::Late, effect && self.may_be_late()),
            (D::CrashLate, effect && self.may_be_late()),
            (D::Twice, effect && step.idempotent),
            (D::Hang, true),
            (D::HangAfter, effect),
            (D::Panic, true),
            (D::PanicAfter, effect),
        ];
        chosen(&wanted)
    }

    /// A service that may have done it answers a repeated call with what it did. Only where the compensation needs
    /// no output does a refusal change nothing.
    fn may_be_refused(&self) -> bool {
        let takes_none =
            self.step.compensation.as_ref().is_some_and(|method| method.output != OutputUse::Required);
        self.seen.effects == 0 || takes_none
    }

    /// Whether a call may arrive long after its time: not if the saga says how long one may travel, and not if
    /// nobody but a person knows what to do about it.
    fn may_be_late(&self) -> bool {
        let waits = self.step.check.as_ref().is_some_and(|check| check.after > Duration::ZERO);
        let parks = self.step.in_doubt == InDoubt::Park;
        self.step.idempotent || !(waits || parks)
    }

    fn of_check(&self) -> Vec<Deviation> {
        use Deviation as D;
        let goes_on = self.goes_on(self.step.check.as_ref().and_then(|check| check.retry.attempts_max));
        chosen(&[(D::LoseRequest, goes_on), (D::Hang, goes_on), (D::Panic, goes_on)])
    }

    fn of_compensation(&self) -> Vec<Deviation> {
        use Deviation as D;
        let attempts_max = self.step.compensation.as_ref().and_then(|method| method.retry.attempts_max);
        let goes_on = self.goes_on(attempts_max);
        let parks = self.parking == Choice::Tried;
        let wanted = [
            (D::Refuse, parks),
            (D::NotDone, goes_on),
            (D::Down, parks && self.attempt == 1 && attempts_max.is_some_and(|max| max.get() > 1)),
            (D::LoseRequest, goes_on),
            (D::LoseAnswer, goes_on),
            (D::Twice, true),
            (D::Hang, goes_on),
            (D::HangAfter, goes_on),
            (D::Panic, goes_on),
            (D::PanicAfter, goes_on),
        ];
        chosen(&wanted)
    }

    /// Whether the instance does not park if this call fails.
    fn goes_on(&self, attempts_max: Option<NonZeroU32>) -> bool {
        self.parking == Choice::Tried || attempts_max.is_none_or(|max| self.attempt < max.get())
    }

    /// Whether the step may be called `attempts` times, and not without limit.
    fn allows(&self, attempts: u32) -> bool {
        self.step.retry.attempts_max.is_some_and(|max| max.get() >= attempts)
    }

    fn is_without_effect(&self, role: Role) -> bool {
        role == Role::Check || (role == Role::Step && self.step.kind == StepKind::ReadOnly)
    }
}

fn chosen(wanted: &[(Deviation, bool)]) -> Vec<Deviation> {
    wanted.iter().filter(|(_, wanted)| *wanted).map(|(deviation, _)| *deviation).collect()
}

/// Whether two calls of an instance may be under way at once: else a crash after a call is the same as one before
/// the next entry.
fn has_concurrency(definition: &Definition) -> bool {
    let others = definition.steps().count().saturating_sub(1);
    definition.steps().any(|(index, step)| {
        let in_order = definition.ancestors(index).union(definition.descendants(index));
        step.fan_out.is_some() || in_order.iter().count() < others
    })
}
