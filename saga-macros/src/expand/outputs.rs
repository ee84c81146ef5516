//! Where the outputs of an instance are kept: a struct with a slot per step.
//!
//! A tuple would do but for one thing: as an associated type of a public trait it would make every output type of
//! a public saga as public as the saga. The fields of a struct are private.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::proofs::{self, Proofs};
use crate::model::{Saga, Step};

/// The struct `__Outputs`.
pub(super) struct Outputs {
    /// Its definition.
    pub(super) structure: TokenStream,
    /// The body of the function that makes an empty one.
    pub(super) empty: TokenStream,
}

/// The types that a slot is made of.
enum Slot {
    Plain([TokenStream; 1]),
    /// Of an item and its output.
    Fan([TokenStream; 2]),
    /// Of a signal and the output.
    Signal([TokenStream; 2]),
}

impl Outputs {
    pub(super) fn new(saga: &Saga, library: &TokenStream) -> Self {
        let slots: Vec<Slot> = saga.steps.iter().map(|step| Slot::new(saga, step, library)).collect();
        let structure = structure(saga, &slots, library);
        let codecs = Proofs::of_payloads(slots.iter().flat_map(|slot| slot.types().iter().cloned()));
        let slots = slots.iter().map(|slot| {
            let name = slot.name();
            let codecs = slot.types().iter().map(|ty| codecs.binding(ty));
            quote!(#library::__private::#name::new(#(#codecs),*))
        });
        let bindings = codecs.bindings(library);
        let empty = quote! {
            #bindings
            __Outputs(#(#slots,)* ::core::marker::PhantomData)
        };
        Self { structure, empty }
    }
}

impl Slot {
    fn new(saga: &Saga, step: &Step, library: &TokenStream) -> Self {
        let output = proofs::output(saga, step, library);
        if let Some(list) = step.list.and_then(|at| saga.block.methods.get(at)) {
            return Self::Fan([proofs::item(list, library), output]);
        }
        match saga.signal(step) {
            Some(signal) => Self::Signal([signal.to_token_stream(), output]),
            None => Self::Plain([output]),
        }
    }

    fn types(&self) -> &[TokenStream] {
        match self {
            Self::Plain(types) => types,
            Self::Fan(types) | Self::Signal(types) => types,
        }
    }

    fn name(&self) -> Ident {
        let name = match self {
            Self::Plain(_) => "Slot",
            Self::Fan(_) => "FanSlot",
            Self::Signal(_) => "SignalSlot",
        };
        Ident::new(name, Span::call_site())
    }
}

/// The type of the saga's output.
pub(super) fn of_saga(saga: &Saga, library: &TokenStream) -> Option<TokenStream> {
    let step = saga.steps.get(saga.output?)?;
    let mut ty = proofs::output(saga, step, library);
    if step.list.is_some() {
        ty = quote!(::std::vec::Vec<#ty>);
    }
    if step.condition.is_some() {
        ty = quote!(::core::option::Option<#ty>);
    }
    Some(ty)
}

/// The body of the function that takes the saga's output out. Without the output of a conditional step there is
/// one all the same: `None`.
pub(super) fn take(saga: &Saga) -> Option<TokenStream> {
    let at = saga.output?;
    let place = syn::Index::from(at);
    let take = quote!(__outputs.#place.take());
    let is_conditional = saga.steps.get(at)?.condition.is_some();
    Some(if is_conditional { quote!(::core::option::Option::Some(#take)) } else { take })
}

fn structure(saga: &Saga, slots: &[Slot], library: &TokenStream) -> TokenStream {
    let item = &saga.block.item;
    let generics = &item.generics;
    let bounds = &generics.where_clause;
    let this = item.self_ty.to_token_stream();
    let slots = slots.iter().map(|slot| {
        let name = slot.name();
        let types = slot.types().iter().map(|ty| without_self(ty.clone(), &this));
        quote!(#library::__private::#name<#(#types),*>)
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
