//! The pivot: at most one, every other step before or after it, and what may stand where.

use proc_macro2::Ident;

use super::order::with_more;
use crate::attr::step::{Kind, StepArgs};
use crate::diag::Diag;
use crate::model::{Method, Saga, Step};

/// Whether `step` runs after the pivot.
pub(super) fn is_after(saga: &Saga, step: &Step) -> bool {
    saga.pivot().is_some_and(|pivot| step.ancestors.contains(&pivot))
}

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let pivot = saga.pivot();
    let every_kind_is_known = saga.steps.iter().all(|step| step.kind.is_some());
    for (index, step) in saga.steps.iter().enumerate() {
        let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) else { continue };
        match pivot {
            Some(pivot) if pivot != index => beside(saga, pivot, index, args, method, diag),
            None if every_kind_is_known => retriable_alone(args, method, diag),
            _ => {}
        }
    }
}

fn beside(saga: &Saga, pivot: usize, index: usize, args: &StepArgs, method: &Method, diag: &mut Diag) {
    let (Some(step), Some(pivot_step)) = (saga.steps.get(index), saga.steps.get(pivot)) else { return };
    let Some(pivot_method) = saga.method(pivot_step) else { return };
    let (ident, pivot_ident) = (&method.sig.ident, &pivot_method.sig.ident);
    let Some(kind) = args.kinds.first() else { return };
    let (before, after) = (pivot_step.ancestors.contains(&index), step.ancestors.contains(&pivot));
    match step.kind {
        Some(Kind::Pivot) => diag.error(
            &kind.key,
            format_args!("`{pivot_ident}` is the pivot already, and a saga has at most one"),
            format_args!(
                "write `retriable` if `{ident}` cannot be refused, or `compensate = method` and declare it earlier"
            ),
        ),
        _ if !before && !after => diag.error(
            ident,
            format_args!("`{ident}` runs neither before nor after the pivot `{pivot_ident}`"),
            neither_help(saga, pivot, index, ident, pivot_ident),
        ),
        Some(Kind::Compensatable) if after => diag.error(
            &kind.key,
            format_args!("`{ident}` runs after the pivot `{pivot_ident}`, where nothing is compensated"),
            format_args!("write `retriable`, or declare `{ident}` before `{pivot_ident}`"),
        ),
        Some(Kind::Retriable) if before => diag.error(
            &kind.key,
            format_args!("`{ident}` runs before the pivot `{pivot_ident}`, where a step must be compensated"),
            format_args!("write `compensate = method`, or declare `{ident}` after `{pivot_ident}`"),
        ),
        _ => {}
    }
}

/// How to bring the two in an order: the one that is declared later waits for the other.
fn neither_help(saga: &Saga, pivot: usize, index: usize, ident: &Ident, pivot_ident: &Ident) -> String {
    if index > pivot {
        return format!("write `{}` on `{ident}`", with_more(saga, index, pivot));
    }
    format!("write `{}` on `{pivot_ident}`", with_more(saga, pivot, index))
}

fn retriable_alone(args: &StepArgs, method: &Method, diag: &mut Diag) {
    for kind in args.kinds.iter().filter(|kind| kind.kind == Kind::Retriable) {
        diag.error(
            &kind.key,
            format_args!(
                "`{}` is retriable, but this saga has no pivot that it could run after",
                method.sig.ident
            ),
            "write `compensate = method` here, or `pivot` on the step that decides the saga",
        );
    }
}
