//! Where the outputs of an instance are kept: a struct with a slot per step.
//!
//! A tuple would do but for one thing: as an associated type of a public trait it would make every output type of
//! a public saga as public as the saga. The fields of a struct are private.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::proofs::{self, Proofs};
use crate::model::Saga;

/// The struct `__Outputs`.
pub(super) struct Outputs {
    /// The output types, by step.
    pub(super) types: Vec<TokenStream>,
    /// Its definition.
    pub(super) structure: TokenStream,
    /// The body of the function that makes an empty one.
    pub(super) empty: TokenStream,
}

impl Outputs {
    pub(super) fn new(saga: &Saga, library: &TokenStream) -> Self {
        let methods = saga.steps.iter().filter_map(|step| saga.method(step));
        let types: Vec<TokenStream> = methods.map(|method| proofs::output(method, library)).collect();
        let structure = structure(saga, &types, library);
        let codecs = Proofs::of_outputs(saga, library);
        let slots = types.iter().map(|ty| {
            let codec = codecs.binding(ty);
            quote!(#library::__private::Slot::new(#codec))
        });
        let codecs = codecs.bindings(library);
        let empty = quote! {
            #codecs
            __Outputs(#(#slots,)* ::core::marker::PhantomData)
        };
        Self { types, structure, empty }
    }
}

fn structure(saga: &Saga, types: &[TokenStream], library: &TokenStream) -> TokenStream {
    let item = &saga.block.item;
    let generics = &item.generics;
    let bounds = &generics.where_clause;
    let this = item.self_ty.to_token_stream();
    let slots = types.iter().map(|ty| {
        let ty = without_self(ty.clone(), &this);
        quote!(#library::__private::Slot<#ty>)
    });
    let params = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
    });
    quote! {
        #[doc(hidden)]
        #[allow(
            missing_debug_implementations,
            unnameable_types,
            unreachable_pub,
            reason = "it is public for the trait's sake only"
        )]
        pub struct __Outputs #generics (
            #(#slots,)*
            ::core::marker::PhantomData<(#(fn(*const #params),)*)>,
        ) #bounds;
    }
}

/// The same with the saga's type in place of `Self`, which is another type in another item.
fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => this.clone(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), this));
                inner.set_span(group.span());
                TokenTree::Group(inner).into()
            }
            other => other.into(),
        })
        .collect()
}
