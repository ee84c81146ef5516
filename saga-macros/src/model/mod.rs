//! Meaning: the saga that the block describes, as far as it can be understood.

mod block;
mod header;
mod link;
mod method;
mod order;

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use syn::Type;

use crate::attr::in_doubt::InDoubt;
use crate::attr::saga::SagaArgs;
use crate::attr::step::{Kind, StepArgs};

pub(crate) use block::Block;
pub(crate) use link::{error_type, listed_type, output_type, type_argument};
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
    /// The places of the methods that say whether it runs, and for which items.
    pub(crate) condition: Option<usize>,
    pub(crate) list: Option<usize>,
    /// Whether it is a saga of its own, and its method tells the input of that.
    pub(crate) is_child: bool,
    /// The steps it runs directly after.
    pub(crate) after: BTreeSet<usize>,
    /// All steps that run before it.
    pub(crate) ancestors: BTreeSet<usize>,
}

/// What a method is to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The step itself.
    Step,
    /// The step itself, where it is a child: it tells the child's input.
    Child,
    Condition,
    List,
    Check,
    Compensation,
}

/// What a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Input,
    Context,
    Failure,
    Item,
    Signal,
    /// The output of the step at this place.
    Output(usize),
}

impl Role {
    /// Whether the method is only asked: it is not async, and there is no attempt.
    pub(crate) fn is_asked(self) -> bool {
        match self {
            Self::Child | Self::Condition | Self::List => true,
            Self::Step | Self::Check | Self::Compensation => false,
        }
    }
}

impl Step {
    /// Its methods: what each is to it, and its place in the block.
    pub(crate) fn methods(&self) -> impl Iterator<Item = (Role, usize)> {
        let role = if self.is_child { Role::Child } else { Role::Step };
        [
            (role, Some(self.method)),
            (Role::Condition, self.condition),
            (Role::List, self.list),
            (Role::Check, self.check),
            (Role::Compensation, self.compensation),
        ]
        .into_iter()
        .filter_map(|(role, at)| Some((role, at?)))
    }
}

impl Saga {
    /// The methods that the saga calls: each with its step's place and its role there.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (usize, Role, &Method)> {
        self.steps.iter().enumerate().flat_map(move |(index, step)| {
            step.methods().filter_map(move |(role, at)| Some((index, role, self.block.methods.get(at)?)))
        })
    }

    /// The methods that the saga calls: the place of each with each of its roles, in the order of their
    /// declaration.
    pub(crate) fn called(&self) -> BTreeSet<(usize, Role)> {
        self.steps.iter().flat_map(Step::methods).map(|(role, at)| (at, role)).collect()
    }

    /// The type of the message that `step` waits for, if it waits for one and says which.
    pub(crate) fn signal(&self, step: &Step) -> Option<&Type> {
        self.args(step)?.signal.as_ref()?;
        match &self.method(step)?.param("signal")?.form {
            Form::Reference(ty) | Form::Optional(ty) => Some(ty),
            Form::Other => None,
        }
    }

    /// The saga of the child that `step` is.
    pub(crate) fn child(&self, step: &Step) -> Option<&Type> {
        self.args(step)?.child.as_ref()
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
            "item" => Some(Source::Item),
            "signal" => Some(Source::Signal),
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
        self.idempotent.is_some() || matches!(self.in_doubt, Some(InDoubt::Check { .. }))
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
