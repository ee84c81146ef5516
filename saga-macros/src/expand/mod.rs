//! Tokens: the impl block, the step enum and the implementation of `Saga`.

pub(crate) mod definition;
mod dispatch;
mod steps;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::model::{Method, Saga};
use crate::names;

/// What `#[saga]` makes of a saga without mistakes.
pub(crate) fn saga(saga: &Saga) -> TokenStream {
    let block = &saga.block.item;
    let steps = steps::expand(saga);
    let implementation = implementation(saga);
    quote! {
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
    let (generics, _, bounds) = item.generics.split_for_impl();
    let ty = &item.self_ty;
    let step = names::step_enum(&saga.block.ident);
    let input = input(saga);
    let returns: Vec<TokenStream> =
        saga.steps.iter().filter_map(|step| saga.method(step)).map(returned).collect();
    let output = saga.output.and_then(|at| returns.get(at));
    let slots = returns.iter().map(
        |returned| quote!(#library::__private::Slot<<#returned as #library::__private::StepReturn>::Output>),
    );
    let empty = returns.iter().map(|_| quote!(#library::__private::Slot::default()));
    let places = (0..saga.steps.len()).map(syn::Index::from);
    let indexes = 0..saga.steps.len();
    let output_place = saga.output.map(syn::Index::from);
    let definition = definition::expand(saga, &library);
    let call = dispatch::expand(saga, &library);
    quote! {
        #[automatically_derived]
        impl #generics #library::Saga for #ty #bounds {
            type Input = #input;
            type Output = <#output as #library::__private::StepReturn>::Output;
            type Step = #step;
            type Outputs = (#(#slots,)*);

            fn definition() -> #library::__private::Definition {
                #definition
            }

            fn outputs() -> Self::Outputs {
                (#(#empty,)*)
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
                __outputs.#output_place.take()
            }

            fn call<'__call>(
                &'__call self,
                __call: #library::__private::Call<'__call>,
                __memory: &'__call #library::__private::Memory<Self>,
            ) -> #library::__private::Calling<'__call> {
                #call
            }
        }
    }
}

/// The type of the input.
fn input(saga: &Saga) -> TokenStream {
    saga.input.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream)
}

/// The type that a method returns when awaited.
fn returned(method: &Method) -> TokenStream {
    method.output().map_or_else(|| quote!(()), ToTokens::to_token_stream)
}
