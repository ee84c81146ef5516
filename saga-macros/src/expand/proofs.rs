//! What output and error types must be able to do, asked for once per type, where the user wrote it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;

use crate::model::{Method, Saga, Step, listed_type, type_argument};
use crate::names;

/// The distinct types of a kind, each bound to a name.
pub(super) struct Proofs {
    function: Ident,
    types: Vec<(String, TokenStream)>,
}

impl Proofs {
    /// That these can be journalled.
    pub(super) fn of_payloads(payloads: impl Iterator<Item = TokenStream>) -> Self {
        Self::new("codec", payloads)
    }

    /// That errors say whether something was done.
    pub(super) fn of_errors(saga: &Saga, library: &TokenStream) -> Self {
        let called = saga.called().into_iter().filter(|(_, role)| !role.is_asked());
        let methods = called.filter_map(|(at, _)| saga.block.methods.get(at));
        Self::new("record", methods.map(|method| error(method, library)))
    }

    fn new(function: &str, all: impl Iterator<Item = TokenStream>) -> Self {
        let mut types: Vec<(String, TokenStream)> = Vec::new();
        for ty in all {
            let key = ty.to_string();
            if types.iter().all(|(other, _)| *other != key) {
                types.push((key, ty));
            }
        }
        Self { function: format_ident!("{function}"), types }
    }

    /// The name that the proof for `ty` is bound to.
    pub(super) fn binding(&self, ty: &TokenStream) -> Option<Ident> {
        let key = ty.to_string();
        let at = self.types.iter().position(|(other, _)| *other == key)?;
        Some(format_ident!("__{}_{at}", self.function))
    }

    /// The statements that bind them.
    pub(super) fn bindings(&self, library: &TokenStream) -> TokenStream {
        let function = &self.function;
        self.types
            .iter()
            .filter_map(|(_, ty)| {
                let binding = self.binding(ty)?;
                Some(quote!(let #binding = #library::__private::#function::<#ty>();))
            })
            .collect()
    }
}

/// The type of a step's output, or of that of one item.
pub(super) fn output(saga: &Saga, step: &Step, library: &TokenStream) -> TokenStream {
    if let Some(child) = saga.child(step) {
        return of_child(child, "Output", library);
    }
    let Some(method) = saga.method(step) else { return quote!(()) };
    type_argument(method, 0)
        .map_or_else(|| projection(method, "StepReturn", "Output", library), ToTokens::to_token_stream)
}

/// The type of an item that a method lists.
pub(super) fn item(list: &Method, library: &TokenStream) -> TokenStream {
    listed_type(list)
        .map_or_else(|| projection(list, "ListReturn", "Item", library), ToTokens::to_token_stream)
}

/// The type of a method's error.
pub(super) fn error(method: &Method, library: &TokenStream) -> TokenStream {
    type_argument(method, 1)
        .map_or_else(|| projection(method, "StepReturn", "Error", library), ToTokens::to_token_stream)
}

/// What the saga of a child says, underlined like the saga.
pub(super) fn of_child(child: &Type, item: &str, library: &TokenStream) -> TokenStream {
    projected(&child.to_token_stream(), &quote!(#library::Saga), item)
}

/// The type seen through an alias, underlined like the alias.
fn projection(method: &Method, through: &str, item: &str, library: &TokenStream) -> TokenStream {
    let through = format_ident!("{through}");
    projected(&super::returned(method), &quote!(#library::__private::#through), item)
}

fn projected(ty: &TokenStream, through: &TokenStream, item: &str) -> TokenStream {
    let (first, last) = names::ends(ty);
    let item = format_ident!("{item}");
    let open = quote_spanned!(first=> <);
    let rest = names::located(quote!(as #through>::#item), last);
    quote!(#open #ty #rest)
}
