//! `in_doubt = ..` of `#[step(..)]`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Token, parenthesized};

use super::duration::{self, Span};
use super::keys::{self, Key};
use crate::diag::{Diag, text};

/// What to do when the outcome stays unknown.
#[derive(Debug)]
pub(crate) enum InDoubt {
    Compensate(Ident),
    Park,
    Check { method: Ident, after: Option<Span> },
}

const HELP: &str =
    "write `in_doubt = compensate`, `in_doubt = park` or `in_doubt = check(method, after = \"10s\")`";

/// The value of the key.
pub(crate) fn read(key: Key, diag: &mut Diag) -> Option<InDoubt> {
    let value: TokenStream = key.value("in_doubt = check(method, after = \"10s\")", diag)?;
    let parse = |input: ParseStream<'_>| {
        let word: Ident = input.call(Ident::parse_any)?;
        if input.is_empty() {
            return Ok((word, None));
        }
        let content;
        parenthesized!(content in input);
        Ok((word, Some(content.parse::<TokenStream>()?)))
    };
    let said = parse.parse2(value.clone()).ok().map(|(word, content)| (word.to_string(), word, content));
    match said {
        Some((name, word, None)) if name == "compensate" => Some(InDoubt::Compensate(word)),
        Some((name, _, None)) if name == "park" => Some(InDoubt::Park),
        Some((name, word, content)) if name == "check" => check_args(word, content, diag),
        Some(_) | None => {
            let what = format!("`{}` does not say what to do in doubt", text(&value));
            diag.error(&value, what, HELP);
            None
        }
    }
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
