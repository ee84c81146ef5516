//! Names: of the saga, of steps in the journal, of outputs, of variants; and how many steps there are.

use std::collections::HashMap;

use quote::ToTokens;

use crate::diag::Diag;
use crate::model::{Method, Saga, Step};
use crate::names;

/// The most steps a saga may have: a set of them is one machine word.
const STEPS_MAX: usize = 64;

/// Two methods of one name are the compiler's to report.
pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    saga_name(saga, diag);
    count(saga, diag);
    journal_names(saga, diag);
    output_names(saga, diag);
    variants(saga, diag);
}

fn saga_name(saga: &Saga, diag: &mut Diag) {
    if saga.args.name.is_none() && !names::is_saga_name(&saga.name) {
        diag.error(
            &saga.block.ident,
            format_args!("`{}` makes no name of a saga for the journal", saga.block.ident),
            "write `#[saga(name = \"order-flow\")]`, with 1 to 64 of `a` to `z`, `0` to `9` and `-`",
        );
    }
}

fn count(saga: &Saga, diag: &mut Diag) {
    if saga.steps.is_empty() && saga.complete {
        diag.error(
            &saga.block.item.self_ty,
            "this saga has no steps",
            "write `#[step(compensate = method)]` on each async method that is a step",
        );
    }
    if let Some(method) = saga.steps.get(STEPS_MAX).and_then(|step| saga.method(step)) {
        diag.error(
            &method.sig.ident,
            format_args!("a saga has at most {STEPS_MAX} steps, and this is one more"),
            "make two sagas of it, or one step of several",
        );
    }
}

fn journal_names(saga: &Saga, diag: &mut Diag) {
    let mut first = HashMap::new();
    for (step, method) in methods(saga) {
        let said = saga.args(step).and_then(|args| args.name.as_ref());
        let at = said.map_or_else(|| method.sig.ident.to_token_stream(), ToTokens::to_token_stream);
        if said.is_none() && !names::is_step_name(&step.name) {
            diag.error(
                at,
                format_args!("`{}` is no name of a step for the journal", method.sig.ident),
                "write `name = \"process_payment\"` in `#[step(..)]`, with 1 to 64 of `a` to `z`, `0` to `9`, \
                 `_` and `-`",
            );
        } else if let Some(other) = first.insert(step.name.as_str(), method)
            && other.sig.ident != method.sig.ident
        {
            diag.error(
                at,
                format_args!("`{}` is called \"{}\" in the journal already", other.sig.ident, step.name),
                "write another name in `name = \"..\"`",
            );
        }
    }
}

fn output_names(saga: &Saga, diag: &mut Diag) {
    let mut first: HashMap<&str, &Method> = HashMap::new();
    for (step, method) in methods(saga) {
        let said = saga.args(step).and_then(|args| args.output.as_ref());
        let at = said.unwrap_or(&method.sig.ident);
        if said.is_none() && names::RESERVED.contains(&step.output.as_str()) {
            diag.error(
                at,
                format_args!("`{}` cannot be the name of an output: it means something else", step.output),
                "write what the output is in `#[step(..)]`: `output = payment`",
            );
        } else if let Some(other) = first.insert(&step.output, method)
            && other.sig.ident != method.sig.ident
        {
            diag.error(
                at,
                format_args!("`{}` is the output of `{}` already", step.output, other.sig.ident),
                "write another name in `output = ..`",
            );
        }
    }
}

fn variants(saga: &Saga, diag: &mut Diag) {
    let mut first: HashMap<String, &Method> = HashMap::new();
    let names = names::step_enum(&saga.block.ident);
    for (step, method) in methods(saga) {
        let ident = &method.sig.ident;
        let Some(variant) = &step.variant else {
            diag.error(
                ident,
                format_args!("`{ident}` makes no variant of `{names}`"),
                format_args!(
                    "name the method for what it does, and write `name = \"{}\"` if the journal has it",
                    step.name
                ),
            );
            continue;
        };
        if let Some(other) = first.insert(variant.to_string(), method)
            && other.sig.ident != *ident
        {
            let other = &other.sig.ident;
            diag.error(
                ident,
                format_args!("`{other}` and `{ident}` are both `{names}::{variant}`"),
                "give one of the methods another name",
            );
        }
    }
}

fn methods(saga: &Saga) -> impl Iterator<Item = (&Step, &Method)> {
    saga.steps.iter().filter_map(|step| Some((step, saga.method(step)?)))
}
