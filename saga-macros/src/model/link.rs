//! Makes the saga of the block: follows the names that attributes say.

use std::collections::BTreeSet;

use proc_macro2::Ident;

use super::{Block, Form, Method, Saga, Step, order};
use crate::attr::in_doubt::InDoubt;
use crate::attr::saga::SagaArgs;
use crate::attr::step::{Kind, StepArgs};
use crate::diag::{Diag, list, nearest, text};
use crate::names;

impl Saga {
    /// The saga that `block` describes. Names that lead nowhere are reported.
    pub(crate) fn new(args: SagaArgs, block: Block, diag: &mut Diag) -> Self {
        let mistakes = diag.count();
        let mut steps: Vec<Step> = Vec::new();
        for (at, method) in block.methods.iter().enumerate() {
            if let Some(step) = &method.step {
                steps.push(link(at, method, step, &block.methods, diag));
            }
        }
        let said: Vec<_> = steps.iter().map(|step| after(step, &steps, &block.methods, diag)).collect();
        order::arrange(&mut steps, &said);
        let name = match &args.name {
            Some(name) => name.value(),
            None => names::kebab(&names::plain(&block.ident)),
        };
        let output = output(&args, &steps, diag);
        let readable =
            block.methods.iter().filter_map(|method| method.step.as_ref()).all(|step| step.complete);
        let complete = readable && diag.count() == mistakes;
        let mut saga = Self { args, block, name, steps, input: None, output, complete };
        saga.input = saga.args.input.clone().or_else(|| first_input(&saga));
        saga
    }
}

fn link(at: usize, method: &Method, args: &StepArgs, methods: &[Method], diag: &mut Diag) -> Step {
    let compensation = args.kinds.iter().find_map(|kind| kind.method.as_ref());
    let compensation = compensation.and_then(|name| {
        let wanted = format!("async fn {name}(&self, ..) -> Result<(), {}>", error_type(method));
        find(name, methods, "compensation", &wanted, diag)
    });
    let check = match &args.in_doubt {
        Some(InDoubt::Check { method: name, .. }) => {
            let wanted = format!(
                "async fn {name}(&self, ..) -> Result<Checked<{}>, {}>",
                output_type(method),
                error_type(method)
            );
            find(name, methods, "check", &wanted, diag)
        }
        Some(InDoubt::Compensate(_) | InDoubt::Park) | None => None,
    };
    let condition = args
        .when
        .as_ref()
        .and_then(|name| find(name, methods, "condition", &format!("fn {name}(&self, ..) -> bool"), diag));
    let list = args.for_each.as_ref().and_then(|name| {
        find(name, methods, "list", &format!("fn {name}(&self, ..) -> Vec<{}>", item_type(method)), diag)
    });
    Step {
        method: at,
        variant: names::variant(&method.sig.ident),
        name: args.name.as_ref().map(syn::LitStr::value).unwrap_or_else(|| method.name()),
        output: args.output.as_ref().map(names::plain).unwrap_or_else(|| names::bound(&method.sig.ident)),
        kind: kind(args),
        compensation,
        check,
        condition,
        list,
        is_child: args.key("child").is_some(),
        after: BTreeSet::new(),
        ancestors: BTreeSet::new(),
    }
}

/// What becomes of the step's effect. A child says nothing if its own compensations take it back.
fn kind(args: &StepArgs) -> Option<Kind> {
    match (args.kinds.as_slice(), args.key("child")) {
        ([], Some(_)) => Some(Kind::Compensatable),
        ([kind], None) => Some(kind.kind),
        ([kind], Some(_)) if matches!(kind.kind, Kind::Pivot | Kind::Retriable) => Some(kind.kind),
        _ => None,
    }
}

/// The method called `name`, which is no step.
fn find(name: &Ident, methods: &[Method], role: &str, wanted: &str, diag: &mut Diag) -> Option<usize> {
    let word = names::plain(name);
    let found = methods.iter().position(|method| method.name() == word);
    match found.and_then(|at| methods.get(at)) {
        Some(method) if method.step.is_none() => return found,
        Some(_) => diag.error(
            name,
            format_args!("`{name}` is a step, so it cannot be the {role} of one"),
            format_args!("write a method of its own: `{wanted} {{ .. }}`"),
        ),
        None => {
            let candidates: Vec<String> =
                methods.iter().filter(|method| method.step.is_none()).map(Method::name).collect();
            let help = match nearest(&word, candidates.iter().map(String::as_str)) {
                Some(near) => format!("write `{near}`"),
                None => format!("write it in this block: `{wanted} {{ .. }}`"),
            };
            diag.error(name, format_args!("this block has no method `{name}`"), help);
        }
    }
    None
}

/// The steps that `after(..)` names.
fn after(step: &Step, steps: &[Step], methods: &[Method], diag: &mut Diag) -> Option<BTreeSet<usize>> {
    let said = methods.get(step.method)?.step.as_ref()?.after.as_ref()?;
    let name_of = |step: &Step| methods.get(step.method).map(Method::name).unwrap_or_default();
    let mut found = BTreeSet::new();
    for name in said {
        let word = names::plain(name);
        match steps.iter().position(|other| name_of(other) == word) {
            Some(other) => {
                if !found.insert(other) {
                    diag.error(name, format_args!("`{name}` is named twice"), "name each step once");
                }
            }
            None => {
                let known: Vec<String> = steps.iter().map(name_of).collect();
                let by_output = steps.iter().find(|other| other.output == word).map(name_of);
                let near = nearest(&word, known.iter().map(String::as_str)).map(str::to_owned);
                let help = match by_output.or(near) {
                    Some(near) => format!("write `{near}`"),
                    None => format!("the steps are {}", list(known.iter().map(String::as_str))),
                };
                diag.error(name, format_args!("this saga has no step `{name}`"), help);
            }
        }
    }
    Some(found)
}

/// The step whose output is the saga's.
fn output(args: &SagaArgs, steps: &[Step], diag: &mut Diag) -> Option<usize> {
    let Some(name) = &args.output else { return steps.len().checked_sub(1) };
    let word = names::plain(name);
    let found = steps.iter().position(|step| step.output == word);
    if found.is_none() {
        let known = || steps.iter().map(|step| step.output.as_str());
        let help = match nearest(&word, known()) {
            Some(near) => format!("write `output = {near}`"),
            None => format!("the outputs are {}", list(known())),
        };
        diag.error(name, format_args!("no step has the output `{name}`"), help);
    }
    found
}

/// The type at the first `input` of a method that the saga calls.
fn first_input(saga: &Saga) -> Option<syn::Type> {
    saga.called().into_iter().filter_map(|(at, _)| saga.block.methods.get(at)?.param("input")).find_map(
        |param| match &param.form {
            Form::Reference(ty) => Some(ty.clone()),
            Form::Optional(_) | Form::Other => None,
        },
    )
}

/// The `T` of a method's `Result<T, E>`, for messages.
pub(crate) fn output_type(method: &Method) -> String {
    type_argument(method, 0).map_or_else(|| "T".to_owned(), text)
}

/// The `I` of a method's `item: &I`, for messages.
fn item_type(method: &Method) -> String {
    match method.param("item").map(|param| &param.form) {
        Some(Form::Reference(ty)) => text(ty),
        Some(Form::Optional(_) | Form::Other) | None => "I".to_owned(),
    }
}

/// The `E` of a method's `Result<T, E>`, for messages.
pub(crate) fn error_type(method: &Method) -> String {
    type_argument(method, 1).map_or_else(|| "E".to_owned(), text)
}

/// The `T` (0) or `E` (1) of a method that is written to return `Result<T, E>`.
pub(crate) fn type_argument(method: &Method, index: usize) -> Option<&syn::Type> {
    argument(method.output()?, "Result", 2, index)
}

/// The `I` of a method that is written to return `Vec<I>`.
pub(crate) fn listed_type(method: &Method) -> Option<&syn::Type> {
    argument(method.output()?, "Vec", 1, 0)
}

/// The argument at `index` of a type that is written as `word` with `count` arguments.
fn argument<'a>(ty: &'a syn::Type, word: &str, count: usize, index: usize) -> Option<&'a syn::Type> {
    let syn::Type::Path(path) = super::ungrouped(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == word)?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.iter().nth(index) {
        Some(syn::GenericArgument::Type(ty)) if arguments.args.len() == count => Some(ty),
        _ => None,
    }
}
