//! `#[saga]` from tokens to tokens.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diag::Diag;
use crate::model::{Block, Saga};
use crate::{attr, expand, validate};

/// What `#[saga(attribute)]` makes of `item`.
pub(crate) fn saga(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let args = attr::saga::read(attribute, &mut diag);
    let block = match Block::take(item, &mut diag) {
        Ok(block) => block,
        Err(item) => {
            let errors = diag.into_tokens();
            return quote!(#errors #item);
        }
    };
    let saga = Saga::new(args, block, &mut diag);
    validate::all(&saga, &mut diag);
    match diag.into_tokens() {
        None => expand::saga(&saga),
        Some(errors) => {
            let fallback = expand::fallback(&saga);
            quote!(#errors #fallback)
        }
    }
}
