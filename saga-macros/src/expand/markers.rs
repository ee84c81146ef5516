//! What can be done with a saga, as traits: whom to ask at compile time.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Saga;
use crate::validate::is_owned;

/// The implementations of `Inline` and `Receives` that are true of the saga.
pub(super) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let needs_store = saga.steps.iter().any(|step| step.is_child || saga.signal(step).is_some());
    let is_inline = (!needs_store).then(|| inline(saga, library));
    let receives = receives(saga, library);
    quote!(#is_inline #receives)
}

/// All of them, so that where there are mistakes the uses of the saga are none.
pub(super) fn all(saga: &Saga, library: &TokenStream) -> TokenStream {
    let is_inline = inline(saga, library);
    let receives = receives(saga, library);
    quote!(#is_inline #receives)
}

fn inline(saga: &Saga, library: &TokenStream) -> TokenStream {
    saga.block.header.implement(&quote!(#library::Inline), &TokenStream::new())
}

/// `Receives` for the message of each step that waits for one.
fn receives(saga: &Saga, library: &TokenStream) -> TokenStream {
    let steps = saga.steps.iter().enumerate();
    // With a mistake in them there may be one twice.
    let mut seen = std::collections::BTreeSet::new();
    steps
        .filter_map(|(index, step)| {
            let signal = saga.signal(step).filter(|ty| is_owned(ty))?;
            seen.insert(quote!(#signal).to_string()).then(|| {
                let of = quote!(#library::Receives<#signal>);
                saga.block.header.implement(&of, &quote!(const STEP: usize = #index;))
            })
        })
        .collect()
}
