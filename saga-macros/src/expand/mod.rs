//! Tokens: the impl block, the step enum and the implementation of `Saga`.

pub(crate) mod definition;
mod dispatch;
mod fallback;
mod proofs;
mod steps;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::model::{Method, Saga};
use crate::names;

pub(crate) use fallback::fallback;

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
    let outputs: Vec<TokenStream> = saga
        .steps
        .iter()
        .filter_map(|step| saga.method(step))
        .map(|method| proofs::output(method, &library))
        .collect();
    let output = saga.output.and_then(|at| outputs.get(at));
    let slots = outputs.iter().map(|output| quote!(#library::__private::Slot<#output>));
    let codecs = proofs::Proofs::of_outputs(saga, &library);
    let empty = outputs.iter().map(|output| {
        let codec = codecs.binding(output);
        quote!(#library::__private::Slot::new(#codec))
    });
    let codecs = codecs.bindings(&library);
    let places = (0..saga.steps.len()).map(syn::Index::from);
    let indexes = 0..saga.steps.len();
    let output_place = saga.output.map(syn::Index::from);
    let definition = definition::expand(saga, &library);
    let call = dispatch::expand(saga, &library);
    quote! {
        #[automatically_derived]
        impl #generics #library::Saga for #ty #bounds {
            type Input = #input;
            type Output = #output;
            type Step = #step;
            type Outputs = (#(#slots,)*);

            fn definition() -> #library::__private::Definition {
                #definition
            }

            fn outputs() -> Self::Outputs {
                #codecs
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
