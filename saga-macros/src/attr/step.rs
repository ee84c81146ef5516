//! `#[step(..)]`.

use proc_macro2::{Ident, TokenStream};
use syn::{LitStr, Type};

use super::duration::{self, Span};
use super::in_doubt::{self, InDoubt};
use super::keys::{self, Key};
use super::policy::PolicyArgs;
use crate::diag::Diag;
use crate::names;

const KEYS: [&str; 19] = [
    "compensate",
    "pivot",
    "retriable",
    "read_only",
    "child",
    "after",
    "output",
    "name",
    "idempotent",
    "retry",
    "timeout",
    "max_running",
    "delay",
    "in_doubt",
    "when",
    "for_each",
    "concurrency",
    "signal",
    "within",
];

/// What `#[step(..)]` says.
#[derive(Debug)]
pub(crate) struct StepArgs {
    /// The attribute's path: where to say that something is missing.
    pub(crate) at: TokenStream,
    /// What stands between the parentheses.
    pub(crate) tokens: TokenStream,
    /// Whether all of it could be read; else nothing is said to be missing.
    pub(crate) complete: bool,
    /// The keys that could be read, in the order they are written.
    pub(crate) keys: Vec<Ident>,
    /// The kinds, in the order they are written; one is right.
    pub(crate) kinds: Vec<KindArg>,
    /// The saga of a child.
    pub(crate) child: Option<Type>,
    pub(crate) after: Option<Vec<Ident>>,
    pub(crate) output: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) idempotent: Option<Idempotent>,
    pub(crate) in_doubt: Option<InDoubt>,
    pub(crate) policy: PolicyArgs,
    pub(crate) max_running: Option<u32>,
    pub(crate) delay: Option<Span>,
    /// The method that says whether it runs.
    pub(crate) when: Option<Ident>,
    /// The method that lists its items.
    pub(crate) for_each: Option<Ident>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) signal: Option<Ident>,
    pub(crate) within: Option<Span>,
}

/// `idempotent` or `idempotent(within = "24h")`.
#[derive(Debug)]
pub(crate) struct Idempotent {
    pub(crate) within: Option<Span>,
}

/// A key that says what becomes of the step's effect.
#[derive(Debug)]
pub(crate) struct KindArg {
    pub(crate) key: Ident,
    pub(crate) kind: Kind,
    /// The method after `compensate =`.
    pub(crate) method: Option<Ident>,
}

/// What becomes of a step's effect when the saga fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Compensatable,
    Pivot,
    Retriable,
    ReadOnly,
}

/// Reads an attribute `#[step(tokens)]` whose path is `at`; `None` has been reported.
pub(crate) fn read(at: TokenStream, tokens: Option<TokenStream>, diag: &mut Diag) -> StepArgs {
    let mistakes = diag.count();
    let readable = tokens.is_some();
    let tokens = tokens.unwrap_or_default();
    let mut args = StepArgs {
        at,
        tokens: tokens.clone(),
        complete: true,
        keys: Vec::new(),
        kinds: Vec::new(),
        child: None,
        after: None,
        output: None,
        name: None,
        idempotent: None,
        in_doubt: None,
        policy: PolicyArgs::default(),
        max_running: None,
        delay: None,
        when: None,
        for_each: None,
        concurrency: None,
        signal: None,
        within: None,
    };
    for key in keys::read(tokens, "`#[step]`", &KEYS, diag) {
        args.take(key, diag);
    }
    args.complete = readable && diag.count() == mistakes;
    args
}

impl StepArgs {
    /// The key `word` as it is written.
    pub(crate) fn key(&self, word: &str) -> Option<&Ident> {
        self.keys.iter().find(|key| *key == word)
    }

    /// The key that says what becomes of the step's effect.
    pub(crate) fn kind_key(&self) -> Option<&Ident> {
        self.kinds.first().map(|kind| &kind.key).or_else(|| self.key("child"))
    }

    fn take(&mut self, key: Key, diag: &mut Diag) {
        self.keys.push(key.name.clone());
        match key.word().as_str() {
            "compensate" => {
                let at = key.name.clone();
                let method = key.value("compensate = method", diag);
                self.kinds.push(KindArg { key: at, kind: Kind::Compensatable, method });
            }
            "pivot" => self.flag_kind(key, Kind::Pivot, diag),
            "retriable" => self.flag_kind(key, Kind::Retriable, diag),
            "read_only" => self.flag_kind(key, Kind::ReadOnly, diag),
            "after" => self.after = after(key, diag),
            "output" => self.output = key.value("output = payment", diag).filter(|name| free(name, diag)),
            "name" => {
                self.name = key.string("name = \"process_payment\"", diag).filter(|name| check(name, diag))
            }
            "idempotent" => self.idempotent = idempotent(key, diag),
            "in_doubt" => self.in_doubt = in_doubt::read(key, diag),
            "child" => self.child = key.value("child = Shipping", diag),
            "max_running" => self.max_running = key.count("attempts", 50, diag),
            "delay" => self.delay = duration::read_positive(key, diag),
            "when" => self.when = key.value("when = method", diag),
            "for_each" => self.for_each = key.value("for_each = method", diag),
            "concurrency" => self.concurrency = key.count("items", 8, diag),
            "signal" => self.signal = Some(key.flag(diag)),
            "within" => self.within = duration::read_positive(key, diag),
            _ => self.policy.take(key, diag),
        }
    }

    fn flag_kind(&mut self, key: Key, kind: Kind, diag: &mut Diag) {
        self.kinds.push(KindArg { key: key.flag(diag), kind, method: None });
    }
}

fn after(key: Key, diag: &mut Diag) -> Option<Vec<Ident>> {
    let names = key.names();
    let example = match names.as_slice() {
        [] => "after(a, b)".to_owned(),
        names => format!("after({})", names.join(", ")),
    };
    let content = key.list(&example, diag)?;
    keys::idents(content).map_err(|error| diag.syntax(&error, format_args!("write `{example}`"))).ok()
}

fn idempotent(key: Key, diag: &mut Diag) -> Option<Idempotent> {
    const EXAMPLE: &str = "idempotent(within = \"24h\")";
    if !key.is_list() {
        key.flag(diag);
        return Some(Idempotent { within: None });
    }
    let word = key.name.clone();
    let content = key.list(EXAMPLE, diag)?;
    if content.is_empty() {
        diag.error(word, "`idempotent()` says no more", format_args!("write `idempotent` or `{EXAMPLE}`"));
    }
    let within = keys::read(content, "`idempotent(..)`", &["within"], diag).pop();
    Some(Idempotent { within: within.and_then(|key| duration::read_positive(key, diag)) })
}

fn free(name: &Ident, diag: &mut Diag) -> bool {
    let reserved = names::RESERVED.contains(&names::plain(name).as_str());
    if reserved {
        diag.error(
            name,
            format_args!("`{name}` cannot be the name of an output: it means something else"),
            "write what the output is: `output = payment`",
        );
    }
    !reserved
}

fn check(name: &LitStr, diag: &mut Diag) -> bool {
    let fits = names::is_step_name(&name.value());
    if !fits {
        diag.error(
            name,
            format_args!("\"{}\" is no name of a step", name.value()),
            "write 1 to 64 of `a` to `z`, `0` to `9`, `_` and `-`: `name = \"process_payment\"`",
        );
    }
    fits
}
