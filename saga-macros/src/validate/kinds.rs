//! Kinds: each step says exactly one, and the keys beside it fit.

use super::pivot;
use crate::attr::in_doubt::InDoubt;
use crate::attr::policy::Attempts;
use crate::attr::step::{Kind, StepArgs};
use crate::diag::Diag;
use crate::model::{Method, Saga, Step};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    for step in &saga.steps {
        if let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) {
            exactly_one(method, args, diag);
            fits(saga, step, args, diag);
        }
    }
}

fn exactly_one(method: &Method, args: &StepArgs, diag: &mut Diag) {
    let ident = &method.sig.ident;
    let Some((first, rest)) = args.kinds.split_first() else {
        if args.complete && args.child.is_none() {
            diag.error(
                &args.at,
                format_args!("`{ident}` does not say what becomes of its effect when the saga fails"),
                "write one of\n\
                 \x20 #[step(compensate = method)]  (it is compensated)\n\
                 \x20 #[step(pivot, ..)]            (once it has succeeded, the saga only goes forward)\n\
                 \x20 #[step(retriable, ..)]        (it runs after the pivot, and cannot be refused)\n\
                 \x20 #[step(read_only)]            (it has no effect)\n\
                 \x20 #[step(child = Saga)]         (it is a saga of its own, which compensates it)",
            );
        }
        return;
    };
    for second in rest {
        diag.error(
            &second.key,
            format_args!("`{ident}` is `{}` already, and a step is one of them", first.key),
            format_args!("write `{}` or `{}`", first.key, second.key),
        );
    }
}

fn fits(saga: &Saga, step: &Step, args: &StepArgs, diag: &mut Diag) {
    if step.kind == Some(Kind::ReadOnly) {
        for key in ["idempotent", "in_doubt"].into_iter().filter_map(|word| args.key(word)) {
            diag.error(
                key,
                format_args!("`{key}` does not fit `read_only`: without an effect there is no doubt"),
                format_args!("leave `{key}` out"),
            );
        }
    } else if let (Some(Kind::Pivot | Kind::Retriable), Some(InDoubt::Compensate(word))) =
        (step.kind, &args.in_doubt)
    {
        diag.error(
            word,
            "a step without a compensation cannot be compensated in doubt",
            "write `in_doubt = check(method)` or `in_doubt = park`",
        );
    }
    let persists = step.kind == Some(Kind::Retriable)
        || (step.kind == Some(Kind::ReadOnly) && pivot::is_after(saga, step));
    if persists
        && let Some(Attempts::AtMost(literal, _)) =
            args.policy.retry.as_ref().and_then(|retry| retry.attempts.as_ref())
    {
        diag.error(
            literal,
            "a step after the pivot is tried until it succeeds, so its attempts have no limit",
            "write `attempts = unlimited`, or leave `attempts` out",
        );
    }
}
