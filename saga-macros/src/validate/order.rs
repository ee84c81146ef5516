//! `after(..)` names earlier-declared steps.

use std::collections::BTreeSet;

use crate::diag::Diag;
use crate::model::{Method, Saga};
use crate::names;

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    for (index, step) in saga.steps.iter().enumerate() {
        let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) else { continue };
        let ident = &method.sig.ident;
        for name in args.after.iter().flatten() {
            let Some(before) = step_called(saga, &names::plain(name)) else { continue };
            if before == index {
                diag.error(name, format_args!("`{ident}` waits for itself"), "name an earlier step");
            } else if before > index && waits_for(saga, before, index) {
                diag.error(
                    name,
                    format_args!("`{ident}` and `{name}` wait for each other"),
                    format_args!("take `{name}` out of this `after(..)`, or `{ident}` out of the other"),
                );
            } else if before > index {
                diag.error(
                    name,
                    format_args!("`{name}` is declared after `{ident}`, which runs after it"),
                    format_args!("move `{ident}` below `{name}`"),
                );
            }
        }
    }
}

fn step_called(saga: &Saga, name: &str) -> Option<usize> {
    saga.steps.iter().position(|step| saga.method(step).is_some_and(|method| method.name() == name))
}

/// Whether the step at `later` waits for the one at `earlier`, directly or not, by what is written.
fn waits_for(saga: &Saga, later: usize, earlier: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![later];
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        let Some(step) = saga.steps.get(index) else { continue };
        if index == earlier {
            return true;
        }
        let said = saga.args(step).and_then(|args| args.after.as_ref());
        let forward = said.into_iter().flatten().filter_map(|name| step_called(saga, &names::plain(name)));
        open.extend(step.after.iter().copied().chain(forward));
    }
    false
}

/// `after(..)` of the step at `index` with the step at `more` in it.
pub(super) fn with_more(saga: &Saga, index: usize, more: usize) -> String {
    let mut before = saga.steps.get(index).map(|step| step.after.clone()).unwrap_or_default();
    before.insert(more);
    let before: Vec<String> =
        before.into_iter().filter_map(|at| saga.method(saga.steps.get(at)?)).map(Method::name).collect();
    format!("after({})", before.join(", "))
}
