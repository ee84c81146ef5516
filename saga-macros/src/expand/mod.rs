//! Tokens: the impl block, the step enum and the implementation of `Saga`.

mod arguments;
mod asked;
pub(crate) mod definition;
mod dispatch;
mod fallback;
mod markers;
mod outputs;
mod proofs;
mod steps;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use self::outputs::Outputs;
use crate::model::{Method, Saga};
use crate::names;

pub(crate) use fallback::fallback;

/// What `#[saga]` makes of a saga without mistakes.
pub(crate) fn saga(saga: &Saga) -> TokenStream {
    let block = &saga.block.item;
    let steps = steps::expand(saga);
    let implementation = implementation(saga);
    quote! {
        #[allow(clippy::ptr_arg, reason = "a parameter has the type of what is kept, `&String` or `&Vec` too")]
        #block
        #steps
        const _: () = {
            #implementation
        };
    }
}

fn implementation(saga: &Saga) -> TokenStream {
    let library = names::library(saga.args.library.as_ref());
    let item = &saga.block.item;
    let (_, arguments, _) = item.generics.split_for_impl();
    let step = names::step_enum(&saga.block.ident);
    let input = associated("Input", &input(saga));
    let name = &saga.name;
    let pivot = Ident::new(if saga.pivot().is_some() { "HasPivot" } else { "NoPivot" }, Span::call_site());
    let Outputs { structure, empty } = Outputs::new(saga, &library);
    let output = associated("Output", &outputs::of_saga(saga, &library).to_token_stream());
    let indexes = 0..saga.steps.len();
    let places = indexes.clone().map(syn::Index::from);
    let take = outputs::take(saga);
    let definition = definition::expand(saga, &library);
    let call = dispatch::expand(saga, &library);
    let asked = asked::expand(saga, &library);
    let markers = markers::expand(saga, &library);
    let body = quote! {
        #input
        #output
        type Step = #step;
        type Outputs = __Outputs #arguments;
        type Pivot = #library::__private::#pivot;
        const NAME: &'static str = #name;

        fn definition() -> #library::__private::Definition {
            #definition
        }

        fn outputs() -> Self::Outputs {
            #empty
        }

        fn slot(
            __outputs: &Self::Outputs,
            __step: usize,
        ) -> ::core::option::Option<&dyn #library::__private::AnySlot> {
            match __step {
                #(#indexes => ::core::option::Option::Some(&__outputs.#places),)*
                _ => ::core::option::Option::None,
            }
        }

        fn output(__outputs: Self::Outputs) -> ::core::option::Option<Self::Output> {
            #take
        }

        fn call<'__call>(
            &'__call self,
            __call: #library::__private::Call<'__call>,
            __memory: &'__call #library::__private::Memory<Self>,
        ) -> #library::__private::Calling<'__call> {
            #call
        }

        #asked
    };
    let implementation = saga.block.header.implement(&quote!(#library::Saga), &body);
    quote! {
        #structure
        #implementation
        #markers
    }
}

/// An associated type, underlined like what it is: a private type is reported there.
fn associated(name: &str, ty: &TokenStream) -> TokenStream {
    let (first, last) = names::ends(ty);
    let name = Ident::new(name, first);
    let begin = quote_spanned!(first=> type #name =);
    let end = quote_spanned!(last=> ;);
    quote!(#begin #ty #end)
}

/// The type of the input.
fn input(saga: &Saga) -> TokenStream {
    saga.input.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream)
}

/// The type that a method returns when awaited.
fn returned(method: &Method) -> TokenStream {
    method.output().map_or_else(|| quote!(()), ToTokens::to_token_stream)
}
