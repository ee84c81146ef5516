//! Tokens for a block with mistakes: they keep its uses from being mistakes too.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::{markers, outputs, steps};
use crate::model::Saga;
use crate::names;
use crate::validate::{is_owned, is_result};

/// The impl block, the step enum, and an implementation of `Saga` that does nothing.
pub(crate) fn fallback(saga: &Saga) -> TokenStream {
    let library = names::library(saga.args.library.as_ref());
    let item = &saga.block.item;
    let steps = steps::expand(saga);
    let step = names::step_enum(&saga.block.ident);
    let input = saga.input.as_ref().filter(|ty| is_owned(ty));
    let input = input.map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let output = output(saga, &library).unwrap_or_else(|| quote!(()));
    let markers = markers::all(saga, &library);
    let body = quote! {
        type Input = #input;
        type Output = #output;
        type Step = #step;
        type Outputs = ();
        type Pivot = #library::__private::NoPivot;
        const NAME: &'static str = "";

        fn definition() -> #library::__private::Definition {
            #library::__private::Definition::new("", 0, ::std::vec::Vec::new(), 0)
        }

        fn outputs() -> Self::Outputs {}

        fn slot(
            _: &Self::Outputs,
            _: usize,
        ) -> ::core::option::Option<&dyn #library::__private::AnySlot> {
            ::core::option::Option::None
        }

        fn output(_: Self::Outputs) -> ::core::option::Option<Self::Output> {
            ::core::option::Option::None
        }

        fn call<'__call>(
            &'__call self,
            _: #library::__private::Call<'__call>,
            _: &'__call #library::__private::Memory<Self>,
        ) -> #library::__private::Calling<'__call> {
            #library::__private::missing("a saga without mistakes")
        }
    };
    let implementation = saga.block.header.implement(&quote!(#library::Saga), &body);
    quote! {
        #item
        #steps
        const _: () = {
            #implementation

            #markers
        };
    }
}

/// The type of the saga's output, as far as it can be told.
fn output(saga: &Saga, library: &TokenStream) -> Option<TokenStream> {
    let step = saga.steps.get(saga.output?)?;
    let returned = saga.method(step)?.output();
    let is_fine = match step.is_child {
        true => saga.child(step).is_some(),
        false => returned.is_some_and(|ty| is_result(ty) && is_owned(ty)),
    };
    if is_fine { outputs::of_saga(saga, library) } else { None }
}
