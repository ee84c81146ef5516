//! Parameters: what a method reads is there when it is called.

mod form;

use std::collections::{BTreeSet, HashMap};

use proc_macro2::Ident;

use super::order::with_more;
use crate::diag::{Diag, list, nearest};
use crate::model::{Method, Param, Role, Saga, Source, Step};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let places: BTreeSet<usize> = saga.called().into_iter().map(|(at, _)| at).collect();
    for at in places {
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
    let mut names: Vec<&str> = vec!["input"];
    for step in &saga.steps {
        for (role, _) in step.methods().filter(|(_, place)| *place == at) {
            if !role.is_asked() {
                names.push("cx");
            }
            if step.list.is_some() && !role.is_asked() {
                names.push("item");
            }
            if saga.signal(step).is_some() && !matches!(role, Role::Condition | Role::List) {
                names.push("signal");
            }
            if role == Role::Compensation {
                names.extend(["failure", &step.output]);
            }
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
            let of_one = matches!(saga.source(name), Some(Source::Output(_) | Source::Item | Source::Signal));
            of_one.then_some(name)
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
            Source::Context if self.role.is_asked() => diag.error(
                self.ident,
                format_args!("`{}` is asked outside of any attempt", self.method.sig.ident),
                self.readable(),
            ),
            Source::Item => self.item(diag),
            Source::Signal => self.signal(diag),
            Source::Output(of) if of == self.index => self.own(diag),
            Source::Output(of) => self.output(of, diag),
            Source::Input | Source::Context | Source::Failure => {
                self.always_there("it is always there", diag)
            }
        }
    }

    fn item(&self, diag: &mut Diag) {
        let this = self.step_name(self.index);
        let method = &self.method.sig.ident;
        if self.role.is_asked() {
            diag.error(
                self.ident,
                format_args!("`{method}` is asked before `{this}` has an item"),
                self.readable(),
            );
        } else if self.step().is_some_and(|step| step.list.is_none()) {
            diag.error(
                self.ident,
                format_args!("`{this}` runs once, so it has no item"),
                format_args!(
                    "write `for_each = method` on `{this}`, where `method` returns a `Vec` of items"
                ),
            );
        } else {
            self.always_there("there is one in each call", diag);
        }
    }

    fn signal(&self, diag: &mut Diag) {
        let this = self.step_name(self.index);
        let waits =
            self.step().and_then(|step| self.saga.args(step)).is_some_and(|args| args.signal.is_some());
        if !waits {
            diag.error(
                self.ident,
                format_args!("`{this}` waits for no signal"),
                format_args!("write `signal` in `#[step(..)]` of `{this}`"),
            );
        } else if matches!(self.role, Role::Condition | Role::List) {
            diag.error(
                self.ident,
                format_args!("`{}` is asked before `{this}` waits for its signal", self.method.sig.ident),
                self.readable(),
            );
        } else {
            self.always_there("it has come when this is called", diag);
        }
    }

    /// The output of the method's own step.
    fn own(&self, diag: &mut Diag) {
        let method = &self.method.sig.ident;
        match self.role {
            Role::Compensation => self.one_item(diag),
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
            Role::Child => diag.error(
                self.ident,
                format_args!("`{}` is what the child returns", self.name),
                format_args!("return what it is started with; {}", self.readable()),
            ),
            Role::Condition | Role::List => diag.error(
                self.ident,
                format_args!("`{method}` is asked before `{}` has run", self.step_name(self.index)),
                self.readable(),
            ),
        }
    }

    /// The output of another step.
    fn output(&self, of: usize, diag: &mut Diag) {
        let (Some(step), Some(other_step)) = (self.step(), self.saga.steps.get(of)) else { return };
        let (this, other) = (self.step_name(self.index), self.step_name(of));
        if step.ancestors.contains(&of) {
            return self.earlier(of, other_step, diag);
        }
        let method = &self.method.sig.ident;
        let comes_later = of > self.index;
        let what = match (self.role, comes_later) {
            (Role::Compensation, _) => {
                format!("`{other}` may not have run when `{method}` compensates `{this}`")
            }
            (_, true) => format!("`{other}` runs later than `{this}`"),
            (_, false) => format!("`{other}` runs beside `{this}`, not before it"),
        };
        let help = match (self.role, comes_later) {
            (Role::Compensation, true) => self.readable(),
            (_, true) => format!("move `{this}` below `{other}`"),
            (_, false) => format!("write `{}` on `{this}`", with_more(self.saga, self.index, of)),
        };
        diag.error(self.ident, what, help);
    }

    fn step(&self) -> Option<&Step> {
        self.saga.steps.get(self.index)
    }

    fn readable(&self) -> String {
        let at = self.step().and_then(|step| step.methods().find(|(role, _)| *role == self.role));
        let names = at.map(|(_, at)| readable(self.saga, at)).unwrap_or_default();
        format!("`{}` can take {}", self.method.sig.ident, list(names.iter().map(String::as_str)))
    }

    fn step_name(&self, index: usize) -> String {
        let method = self.saga.steps.get(index).and_then(|step| self.saga.method(step));
        method.map(Method::name).unwrap_or_default()
    }
}
