//! What can be done with a saga, as traits: whom to ask at compile time.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Saga;

/// The implementations of `Inline`, `Revertible` and `Receives` that are true of the saga.
pub(super) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let needs_store = saga.steps.iter().any(|step| step.is_child || saga.signal(step).is_some());
    let is_inline = (!needs_store).then(|| marker(saga, &quote!(#library::Inline)));
    let is_revertible = saga.pivot().is_none().then(|| marker(saga, &quote!(#library::Revertible)));
    let receives = receives(saga, library);
    quote!(#is_inline #is_revertible #receives)
}

/// All of them, so that where there are mistakes the uses of the saga are none.
pub(super) fn all(saga: &Saga, library: &TokenStream) -> TokenStream {
    let is_inline = marker(saga, &quote!(#library::Inline));
    let is_revertible = marker(saga, &quote!(#library::Revertible));
    let receives = receives(saga, library);
    quote!(#is_inline #is_revertible #receives)
}

fn marker(saga: &Saga, of: &TokenStream) -> TokenStream {
    saga.block.header.implement(of, &TokenStream::new())
}

/// `Receives` for the message of each step that waits for one.
fn receives(saga: &Saga, library: &TokenStream) -> TokenStream {
    let steps = saga.steps.iter().enumerate();
    let mut seen = std::collections::BTreeSet::new();
    steps
        .filter_map(|(index, step)| {
            let signal = saga.signal(step)?;
            // With a mistake there may be one twice.
            seen.insert(quote!(#signal).to_string()).then(|| {
                let of = quote!(#library::Receives<#signal>);
                saga.block.header.implement(&of, &quote!(const STEP: usize = #index;))
            })
        })
        .collect()
}
