//! Meaning: the saga that the block describes, as far as it can be understood.

mod block;
mod link;
mod method;
mod order;

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use syn::Type;

use crate::attr::saga::SagaArgs;
use crate::attr::step::{InDoubt, Kind, StepArgs};

pub(crate) use block::Block;
pub(crate) use link::{error_type, output_type, type_argument};
pub(crate) use method::{Form, Method, Param, ungrouped};

/// A saga. What could not be understood has been reported and is missing here.
pub(crate) struct Saga {
    pub(crate) args: SagaArgs,
    pub(crate) block: Block,
    /// The name in the journal, and where a bad one is to be reported.
    pub(crate) name: String,
    /// The steps in the order of their declaration.
    pub(crate) steps: Vec<Step>,
    /// The type of the input; `None` is `()`.
    pub(crate) input: Option<Type>,
    /// The step whose output is the saga's.
    pub(crate) output: Option<usize>,
    /// Whether every attribute could be read and every name in them leads somewhere. If not, nothing is said
    /// of what may only seem to be missing.
    pub(crate) complete: bool,
}

/// A step.
pub(crate) struct Step {
    /// Its place among the block's methods.
    pub(crate) method: usize,
    /// Its variant; `None` if its method's name makes none.
    pub(crate) variant: Option<Ident>,
    /// Its name in the journal.
    pub(crate) name: String,
    /// The name of its output for later steps.
    pub(crate) output: String,
    /// `None` if it does not say exactly one.
    pub(crate) kind: Option<Kind>,
    /// The places of its compensation and check among the block's methods.
    pub(crate) compensation: Option<usize>,
    pub(crate) check: Option<usize>,
    /// The steps it runs directly after.
    pub(crate) after: BTreeSet<usize>,
    /// All steps that run before it.
    pub(crate) ancestors: BTreeSet<usize>,
}

/// What a method is to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Step,
    Compensation,
    Check,
}

/// What a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Input,
    Context,
    Failure,
    /// The output of the step at this place.
    Output(usize),
}

impl Saga {
    /// The methods that the saga calls: each with its step's place and its role there.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (usize, Role, &Method)> {
        self.steps.iter().enumerate().flat_map(move |(index, step)| {
            [
                (Role::Step, Some(step.method)),
                (Role::Check, step.check),
                (Role::Compensation, step.compensation),
            ]
            .into_iter()
            .filter_map(move |(role, at)| Some((index, role, self.block.methods.get(at?)?)))
        })
    }

    /// The places of the methods that the saga calls, each once, in the order of their declaration.
    pub(crate) fn called(&self) -> BTreeSet<usize> {
        self.steps
            .iter()
            .flat_map(|step| [Some(step.method), step.check, step.compensation].into_iter().flatten())
            .collect()
    }

    /// What `step` says.
    pub(crate) fn args(&self, step: &Step) -> Option<&StepArgs> {
        self.method(step)?.step.as_ref()
    }

    /// The method of `step`.
    pub(crate) fn method(&self, step: &Step) -> Option<&Method> {
        self.block.methods.get(step.method)
    }

    /// What a parameter with this name stands for.
    pub(crate) fn source(&self, name: &str) -> Option<Source> {
        match name {
            "input" => Some(Source::Input),
            "cx" => Some(Source::Context),
            "failure" => Some(Source::Failure),
            name => self.steps.iter().position(|step| step.output == name).map(Source::Output),
        }
    }

    /// The place of the pivot.
    pub(crate) fn pivot(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.kind == Some(Kind::Pivot))
    }
}

impl StepArgs {
    /// Whether it says what doubt means in a way that lets the output be learned: by calling again, or by asking.
    pub(crate) fn tells_the_output(&self) -> bool {
        self.idempotent.is_some()
            || self.in_doubt.as_ref().is_some_and(|arg| matches!(arg.value, InDoubt::Check { .. }))
    }

    /// The attribute with `more` at its end in place of the key `key`, for messages.
    pub(crate) fn with(&self, key: &str, more: &str) -> String {
        let said = crate::attr::keys::split(self.tokens.clone()).into_iter();
        let is_key =
            |part: &TokenStream| part.clone().into_iter().next().is_some_and(|word| word.to_string() == key);
        let parts = said.filter(|part| !is_key(part)).map(crate::diag::text);
        let parts: Vec<String> = parts.chain([more.to_owned()]).collect();
        format!("#[step({})]", parts.join(", "))
    }
}
