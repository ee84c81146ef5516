//! Parameters: what a method reads is there when it is called.

use std::collections::{BTreeSet, HashMap};

use proc_macro2::Ident;

use super::order::with_more;
use crate::diag::{Diag, list, nearest, text};
use crate::model::{Form, Method, Param, Role, Saga, Source};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    for at in saga.called() {
        if let Some(method) = saga.block.methods.get(at) {
            method.params.iter().for_each(|param| known(saga, at, method, param, diag));
        }
    }
    let shared = shared(saga, diag);
    for (index, role, method) in saga.calls() {
        if shared.contains(&method.name()) {
            continue;
        }
        for param in &method.params {
            if let (Some(ident), Some(name)) = (param.ident(), &param.name)
                && let Some(source) = saga.source(name)
            {
                let read = Read { saga, index, role, method, param, ident, name };
                read.check(source, diag);
            }
        }
    }
}

/// Reports a name that nothing has.
fn known(saga: &Saga, at: usize, method: &Method, param: &Param, diag: &mut Diag) {
    let (Some(name), Some(ident)) = (&param.name, param.ident()) else { return };
    if saga.source(name).is_some() {
        return;
    }
    let readable = readable(saga, at);
    let names = || readable.iter().map(String::as_str);
    let by_method = saga.steps.iter().find(|step| saga.method(step).is_some_and(|of| of.name() == *name));
    let forgotten = saga.block.methods.iter().any(|method| method.name() == *name && method.step.is_none());
    let help = match by_method.map(|step| step.output.as_str()).or_else(|| nearest(name, names())) {
        _ if forgotten => format!("write `#[step(..)]` on the method `{name}`"),
        Some(near) => format!("write `{near}`"),
        None => format!("`{}` can take {}", method.sig.ident, list(names())),
    };
    diag.error(ident, format_args!("no step has the output `{name}`"), help);
}

/// The names that the method at `at` can take.
fn readable(saga: &Saga, at: usize) -> Vec<String> {
    let mut names: Vec<&str> = vec!["input", "cx"];
    for step in &saga.steps {
        let compensates = step.compensation == Some(at);
        if compensates {
            names.extend(["failure", &step.output]);
        }
        if compensates || step.method == at || step.check == Some(at) {
            let earlier = step.ancestors.iter().filter_map(|index| saga.steps.get(*index));
            names.extend(earlier.map(|step| step.output.as_str()));
        }
    }
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// Reports compensations of several steps that take an output (which step's would it be?) and names them.
fn shared(saga: &Saga, diag: &mut Diag) -> Vec<String> {
    let mut shared = Vec::new();
    let mut seen = HashMap::new();
    for step in &saga.steps {
        let Some(at) = step.compensation else { continue };
        let (Some(compensation), Some(method)) = (saga.block.methods.get(at), saga.method(step)) else {
            continue;
        };
        let Some(first) = seen.insert(at, &method.sig.ident) else { continue };
        let takes = compensation.params.iter().find_map(|param| {
            let name = param.name.as_ref()?;
            matches!(saga.source(name), Some(Source::Output(_))).then_some(name)
        });
        let said = saga.args(step).and_then(|args| args.kinds.iter().find_map(|kind| kind.method.as_ref()));
        if let (Some(takes), Some(said)) = (takes, said) {
            diag.error(
                said,
                format_args!("`{said}` is the compensation of `{first}` already, and it takes `{takes}`"),
                format_args!("write a compensation for `{}` alone", method.sig.ident),
            );
            shared.push(compensation.name());
        }
    }
    shared
}

/// A parameter that stands for something, in one call of its method.
struct Read<'a> {
    saga: &'a Saga,
    index: usize,
    role: Role,
    method: &'a Method,
    param: &'a Param,
    ident: &'a Ident,
    name: &'a str,
}

impl Read<'_> {
    fn check(&self, source: Source, diag: &mut Diag) {
        match source {
            Source::Failure if self.role != Role::Compensation => diag.error(
                self.ident,
                format_args!("`{}` is called before anything has failed", self.method.sig.ident),
                "only a compensation can take `failure`",
            ),
            Source::Output(of) if of == self.index => self.own(diag),
            Source::Output(of) => self.output(of, diag),
            Source::Input | Source::Context | Source::Failure => {
                self.always_there("it is always there", diag)
            }
        }
    }

    /// The output of the method's own step.
    fn own(&self, diag: &mut Diag) {
        let method = &self.method.sig.ident;
        match self.role {
            Role::Compensation => {}
            Role::Step => diag.error(
                self.ident,
                format_args!("`{}` is what `{method}` itself returns", self.name),
                "only its compensation and later steps can take it",
            ),
            Role::Check => diag.error(
                self.ident,
                format_args!("`{}` is what `{method}` is to find out", self.name),
                "return it: `Ok(Checked::Done(..))`",
            ),
        }
    }

    /// The output of another step.
    fn output(&self, of: usize, diag: &mut Diag) {
        let Some(step) = self.saga.steps.get(self.index) else { return };
        if step.ancestors.contains(&of) {
            let why = format!("`{}` has always run before", self.step_name(of));
            return self.always_there(&why, diag);
        }
        let (this, other) = (self.step_name(self.index), self.step_name(of));
        let method = &self.method.sig.ident;
        let comes_later = of > self.index;
        let what = match (self.role, comes_later) {
            (Role::Compensation, _) => {
                format!("`{other}` may not have run when `{method}` compensates `{this}`")
            }
            (Role::Step | Role::Check, true) => format!("`{other}` runs later than `{this}`"),
            (Role::Step | Role::Check, false) => format!("`{other}` runs beside `{this}`, not before it"),
        };
        let help = match (self.role, comes_later) {
            (Role::Compensation, true) => self.readable(),
            (Role::Step | Role::Check, true) => format!("move `{this}` below `{other}`"),
            (_, false) => format!("write `{}` on `{this}`", with_more(self.saga, self.index, of)),
        };
        diag.error(self.ident, what, help);
    }

    fn always_there(&self, why: &str, diag: &mut Diag) {
        if let Form::Optional(ty) = &self.param.form {
            diag.error(
                &self.param.ty,
                format_args!("`{}` needs no `Option`: {why}", self.name),
                format_args!("write `{}: &{}`", self.name, text(ty)),
            );
        }
    }

    fn readable(&self) -> String {
        let at = self.saga.steps.get(self.index).and_then(|step| step.compensation);
        let names = at.map(|at| readable(self.saga, at)).unwrap_or_default();
        format!("`{}` can take {}", self.method.sig.ident, list(names.iter().map(String::as_str)))
    }

    fn step_name(&self, index: usize) -> String {
        let method = self.saga.steps.get(index).and_then(|step| self.saga.method(step));
        method.map(Method::name).unwrap_or_default()
    }
}
