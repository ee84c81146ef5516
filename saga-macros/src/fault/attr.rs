//! Syntax: what `#[fault(..)]` says on the enum and on its variants.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, Path};

use crate::attr::duration::{self, Span};
use crate::attr::keys;
use crate::diag::Diag;

const KEYS: [&str; 7] = ["rejected", "not_done", "in_doubt", "transparent", "with", "code", "retry_after"];

/// What `#[fault(..)]` says on a variant.
#[derive(Debug, Default)]
pub(crate) struct VariantArgs {
    /// The kinds, in the order they are written; one is right.
    pub(crate) kinds: Vec<(Ident, KindArg)>,
    pub(crate) code: Option<(Ident, LitStr)>,
    pub(crate) retry_after: Option<(Ident, Span)>,
    /// Whether it could all be read; else nothing is said to be missing.
    pub(crate) complete: bool,
}

/// Where the kind of a variant comes from.
#[derive(Debug, Clone)]
pub(crate) enum KindArg {
    /// It is said: the name of the variant of `FaultKind`.
    Said(&'static str),
    /// From the fault that the variant holds, with all the rest.
    Transparent,
    /// From a function of the variant's field.
    With(Path),
}

/// Reads the attributes of a variant.
pub(crate) fn read(attributes: &[Attribute], diag: &mut Diag) -> VariantArgs {
    let mistakes = diag.count();
    let mut args = VariantArgs::default();
    for key in keys::read(tokens(attributes, diag), "`#[fault]`", &KEYS, diag) {
        let at = key.name.clone();
        match key.word().as_str() {
            "rejected" => args.kinds.push((key.flag(diag), KindArg::Said("Rejected"))),
            "not_done" => args.kinds.push((key.flag(diag), KindArg::Said("NotDone"))),
            "in_doubt" => args.kinds.push((key.flag(diag), KindArg::Said("InDoubt"))),
            "transparent" => args.kinds.push((key.flag(diag), KindArg::Transparent)),
            "with" => args
                .kinds
                .extend(key.value("with = path::to::function", diag).map(|path| (at, KindArg::With(path)))),
            "code" => args.code = key.string("code = \"gateway_down\"", diag).map(|code| (at, code)),
            _ => args.retry_after = duration::read(key, diag).map(|after| (at, after)),
        }
    }
    args.complete = diag.count() == mistakes;
    args
}

/// Reads the attributes of the enum: where the library is.
pub(crate) fn library(attributes: &[Attribute], diag: &mut Diag) -> Option<Path> {
    keys::read(tokens(attributes, diag), "`#[fault]` on the enum", &["crate"], diag)
        .pop()
        .and_then(|key| key.value("crate = path::to::sagas", diag))
}

/// What stands in all `#[fault(..)]` together.
fn tokens(attributes: &[Attribute], diag: &mut Diag) -> TokenStream {
    let mut tokens = TokenStream::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("fault")) {
        match &attribute.meta {
            Meta::List(list) => {
                list.tokens.to_tokens(&mut tokens);
                <syn::Token![,]>::default().to_tokens(&mut tokens);
            }
            Meta::Path(_) | Meta::NameValue(_) => {
                diag.error(attribute, "`fault` needs parentheses", "write `#[fault(rejected)]`");
            }
        }
    }
    tokens
}
