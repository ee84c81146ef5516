//! Keys that do not go together, and keys that say nothing without another.

use quote::ToTokens;

use crate::attr::step::{Kind, StepArgs};
use crate::diag::{Diag, text};
use crate::model::{Method, Saga};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    for step in &saga.steps {
        let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) else { continue };
        alone(args, diag);
        if args.kinds.iter().any(|kind| kind.kind == Kind::Pivot) {
            pivot(args, method, diag);
        }
        if args.for_each.is_some() {
            fan_out(args, method, diag);
        }
        if let Some(child) = &args.child {
            self::child(&text(child), args, diag);
        }
    }
}

/// `within` and `concurrency` belong to another key.
fn alone(args: &StepArgs, diag: &mut Diag) {
    if let Some(key) = args.key("within")
        && args.key("signal").is_none()
    {
        diag.error(
            key,
            "`within` is the time to wait for a signal, and this step waits for none",
            "write `signal, within = ..`, or `idempotent(within = ..)` if it is how long the service knows its keys",
        );
    }
    if let Some(key) = args.key("concurrency")
        && args.key("for_each").is_none()
    {
        diag.error(
            key,
            "`concurrency` is how many items run at once, and this step has no items",
            "write `for_each = method, concurrency = ..`, or `max_running = ..` for the attempts of all instances",
        );
    }
}

/// The step that decides the saga runs, and runs once.
fn pivot(args: &StepArgs, method: &Method, diag: &mut Diag) {
    let ident = &method.sig.ident;
    if let Some(key) = args.key("when") {
        diag.error(
            key,
            format_args!("`{ident}` is the pivot: were it skipped, nothing would decide the saga"),
            format_args!(
                "leave `when` out, and let `{ident}` itself do nothing where there is nothing to do"
            ),
        );
    }
    if let Some(key) = args.key("for_each") {
        diag.error(
            key,
            format_args!("`{ident}` is the pivot: one call decides the saga, not one for each item"),
            "write `compensate = method` instead of `pivot`, or fan out in a step before or after",
        );
    }
}

/// Every item would need a message or a child of its own.
fn fan_out(args: &StepArgs, method: &Method, diag: &mut Diag) {
    let ident = &method.sig.ident;
    if let Some(key) = args.key("signal") {
        diag.error(
            key,
            format_args!("`{ident}` runs once for each item, and a signal comes once for an instance"),
            format_args!("leave `signal` out, and write a step before `{ident}` that waits for it"),
        );
    }
    if let Some(key) = args.key("child") {
        diag.error(
            key,
            format_args!("`{ident}` runs once for each item, and a step has at most one child"),
            "write `for_each` in the child, on the step that does the work",
        );
    }
}

/// A child decides for itself what this key says.
fn child(saga: &str, args: &StepArgs, diag: &mut Diag) {
    let takes_back = format!("`{saga}` compensates what it has done");
    let no_attempt = format!("the steps of `{saga}` are tried, not the child as a whole");
    let reasons = [
        ("compensate", &takes_back, "leave `compensate` out".to_owned()),
        (
            "read_only",
            &takes_back,
            "leave `read_only` out: nothing is compensated where nothing was done".to_owned(),
        ),
        ("idempotent", &no_attempt, "leave `idempotent` out: the journal knows the child".to_owned()),
        (
            "in_doubt",
            &no_attempt,
            "leave `in_doubt` out: the journal knows what became of the child".to_owned(),
        ),
        ("retry", &no_attempt, format!("write `retry(..)` on the steps of `{saga}`")),
        (
            "timeout",
            &no_attempt,
            format!("write `timeout` on its steps, or `deadline` in `#[saga(..)]` of `{saga}`"),
        ),
        ("max_running", &no_attempt, format!("write `max_running` on the steps of `{saga}`")),
    ];
    for (word, why, help) in reasons {
        if let Some(key) = args.key(word) {
            diag.error(key.to_token_stream(), format_args!("`{word}` does not fit `child`: {why}"), help);
        }
    }
}
