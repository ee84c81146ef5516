//! `#[saga(..)]`.

use proc_macro2::{Ident, TokenStream};
use syn::{LitInt, LitStr, Path, Type};

use super::duration::{self, Span};
use super::keys;
use crate::diag::Diag;
use crate::names;

const KEYS: [&str; 6] = ["name", "version", "input", "output", "deadline", "crate"];

/// What `#[saga(..)]` says.
#[derive(Debug, Default)]
pub(crate) struct SagaArgs {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<u32>,
    pub(crate) input: Option<Type>,
    pub(crate) output: Option<Ident>,
    pub(crate) deadline: Option<Span>,
    pub(crate) library: Option<Path>,
}

/// Reads what stands between the parentheses of `#[saga(..)]`.
pub(crate) fn read(tokens: TokenStream, diag: &mut Diag) -> SagaArgs {
    let mut args = SagaArgs::default();
    for key in keys::read(tokens, "`#[saga]`", &KEYS, diag) {
        match key.word().as_str() {
            "name" => args.name = key.string("name = \"order-flow\"", diag).filter(|name| check(name, diag)),
            "version" => args.version = version(key, diag),
            "input" => args.input = key.value("input = PlaceOrder", diag),
            "output" => args.output = key.value("output = payment", diag),
            "deadline" => args.deadline = duration::read_positive(key, diag),
            _ => args.library = key.value("crate = path::to::sagas", diag),
        }
    }
    args
}

fn check(name: &LitStr, diag: &mut Diag) -> bool {
    let fits = names::is_saga_name(&name.value());
    if !fits {
        diag.error(
            name,
            format_args!("\"{}\" is no name of a saga", name.value()),
            format_args!("write 1 to 64 of `a` to `z`, `0` to `9` and `-`: `name = \"order-flow\"`"),
        );
    }
    fits
}

fn version(key: keys::Key, diag: &mut Diag) -> Option<u32> {
    let literal: LitInt = key.value("version = 1", diag)?;
    match literal.base10_parse::<u32>() {
        Ok(version) if version > 0 => Some(version),
        Ok(_) | Err(_) => {
            diag.error(
                &literal,
                format_args!("`{literal}` is no version"),
                format_args!("write a whole number from 1 to {}: `version = 1`", u32::MAX),
            );
            None
        }
    }
}
