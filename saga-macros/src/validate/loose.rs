//! Methods that nothing refers to though they look like a part of the saga, and policies that nothing reads.

use syn::Type;

use crate::diag::Diag;
use crate::model::{Method, Saga, ungrouped};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    // A method may be called by what could not be read.
    let certain = saga.complete && saga.steps.iter().all(|step| step.kind.is_some());
    let called = saga.called();
    for (at, method) in saga.block.methods.iter().enumerate() {
        let ident = &method.sig.ident;
        let is_called = called.contains(&at);
        match &method.policy {
            Some(policy) if method.step.is_some() => diag.error(
                &policy.at,
                format_args!("`{ident}` is a step, and `#[policy]` is for compensations and checks"),
                "write `retry(..)` and `timeout = ..` in `#[step(..)]`",
            ),
            Some(policy) if !is_called && certain => diag.error(
                &policy.at,
                format_args!("`{ident}` is neither a compensation nor a check"),
                format_args!("write `compensate = {ident}` or `in_doubt = check({ident})` on its step"),
            ),
            // Where a step takes its output it is reported there.
            _ if !is_called && certain && looks_called(saga, method) && !is_read(saga, method) => diag.error(
                ident,
                format_args!("nothing refers to `{ident}`, which takes what a step takes"),
                format_args!(
                    "write `#[step(..)]` on it, or `compensate = {ident}` or `in_doubt = check({ident})` on its \
                     step; if it is none of these, move it to an impl block of its own"
                ),
            ),
            _ => {}
        }
    }
}

/// Whether it could be a step whose attribute was forgotten: a payment that would silently be skipped.
fn looks_called(saga: &Saga, method: &Method) -> bool {
    let known = |name: &Option<String>| name.as_deref().is_some_and(|name| saga.source(name).is_some());
    !saga.steps.is_empty()
        && method.sig.asyncness.is_some()
        && method.sig.receiver().is_some()
        && !method.params.is_empty()
        && method.params.iter().all(|param| known(&param.name))
        && method.output().is_some_and(returns_result)
}

/// Whether a method that the saga calls takes what this one returns.
fn is_read(saga: &Saga, method: &Method) -> bool {
    saga.calls().any(|(_, _, called)| called.param(&method.name()).is_some())
}

fn returns_result(ty: &Type) -> bool {
    match ungrouped(ty) {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Result"))
        }
        _ => false,
    }
}
