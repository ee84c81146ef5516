//! `#[step(..)]`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token, parenthesized};

use super::duration::{self, Span};
use super::keys::{self, Key};
use super::policy::PolicyArgs;
use crate::diag::{Diag, text};
use crate::names;

const KEYS: [&str; 11] = [
    "compensate",
    "pivot",
    "retriable",
    "read_only",
    "after",
    "output",
    "name",
    "idempotent",
    "retry",
    "timeout",
    "in_doubt",
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
    /// The kinds, in the order they are written; one is right.
    pub(crate) kinds: Vec<KindArg>,
    pub(crate) after: Option<Vec<Ident>>,
    pub(crate) output: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) idempotent: Option<Ident>,
    pub(crate) in_doubt: Option<InDoubtArg>,
    pub(crate) policy: PolicyArgs,
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

/// `in_doubt = ..`.
#[derive(Debug)]
pub(crate) struct InDoubtArg {
    pub(crate) key: Ident,
    pub(crate) value: InDoubt,
}

/// What to do when the outcome stays unknown.
#[derive(Debug)]
pub(crate) enum InDoubt {
    Compensate(Ident),
    Park,
    Check { method: Ident, after: Option<Span> },
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
        kinds: Vec::new(),
        after: None,
        output: None,
        name: None,
        idempotent: None,
        in_doubt: None,
        policy: PolicyArgs::default(),
    };
    for key in keys::read(tokens, "`#[step]`", &KEYS, diag) {
        args.take(key, diag);
    }
    args.complete = readable && diag.count() == mistakes;
    args
}

impl StepArgs {
    fn take(&mut self, key: Key, diag: &mut Diag) {
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
            "idempotent" => self.idempotent = Some(key.flag(diag)),
            "in_doubt" => self.in_doubt = in_doubt(key, diag),
            _ => self.policy.take(key, diag),
        }
    }

    fn flag_kind(&mut self, key: Key, kind: Kind, diag: &mut Diag) {
        self.kinds.push(KindArg { key: key.flag(diag), kind, method: None });
    }
}

fn after(key: Key, diag: &mut Diag) -> Option<Vec<Ident>> {
    let content = key.list("after(reserve_inventory, process_payment)", diag)?;
    keys::idents(content)
        .map_err(|error| diag.syntax(&error, "write methods: `after(reserve_inventory, process_payment)`"))
        .ok()
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

const IN_DOUBT_HELP: &str =
    "write `in_doubt = compensate`, `in_doubt = park` or `in_doubt = check(method, after = \"10s\")`";

fn in_doubt(key: Key, diag: &mut Diag) -> Option<InDoubtArg> {
    let at = key.name.clone();
    let value: TokenStream = key.value("in_doubt = check(method, after = \"10s\")", diag)?;
    let read = |input: ParseStream<'_>| {
        let word: Ident = input.call(Ident::parse_any)?;
        if input.is_empty() {
            return Ok((word, None));
        }
        let content;
        parenthesized!(content in input);
        Ok((word, Some(content.parse::<TokenStream>()?)))
    };
    let (word, content) = match read.parse2(value.clone()) {
        Ok((word, content)) => (word.to_string(), (word, content)),
        Err(_) => (String::new(), (at.clone(), None)),
    };
    let value = match (word.as_str(), content) {
        ("compensate", (word, None)) => InDoubt::Compensate(word),
        ("park", (_, None)) => InDoubt::Park,
        ("check", (word, content)) => check_args(word, content, diag)?,
        _ => {
            let what = format!("`{}` does not say what to do in doubt", text(&value));
            diag.error(&value, what, IN_DOUBT_HELP);
            return None;
        }
    };
    Some(InDoubtArg { key: at, value })
}

/// The method of `check(method, after = "10s")` stands first and without a key.
fn check_args(check: Ident, content: Option<TokenStream>, diag: &mut Diag) -> Option<InDoubt> {
    let read = |input: ParseStream<'_>| {
        let method: Ident = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok((method, input.parse::<TokenStream>()?))
    };
    let Ok((method, rest)) = read.parse2(content.clone().unwrap_or_default()) else {
        let at = content.filter(|content| !content.is_empty()).unwrap_or_else(|| quote!(#check));
        diag.error(
            at,
            "`check` names the method that asks",
            "write `check(method)` or `check(method, after = \"10s\")`",
        );
        return None;
    };
    let after = keys::read(rest, "`check(..)`", &["after"], diag).pop().map(|key| duration::read(key, diag));
    Some(InDoubt::Check { method, after: after.flatten() })
}
