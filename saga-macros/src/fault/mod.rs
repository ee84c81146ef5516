//! `#[derive(Fault)]`.

mod attr;
mod expand;
mod model;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::diag::Diag;
use model::Fault;

/// The implementation of `Fault` for the enum in `item`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let fault = Fault::new(&input, &mut diag);
    match (diag.into_tokens(), fault) {
        (None, Some(fault)) => expand::fault(&input, &fault),
        (errors, _) => {
            let fallback = expand::fallback(&input);
            quote::quote!(#errors #fallback)
        }
    }
}
