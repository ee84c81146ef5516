//! `#[step]` and `#[policy]` outside `#[saga]`, which takes them off before the compiler would ask for them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::diag::Diag;

/// Reports that `#[word]` stands where no `#[saga]` reads it.
pub(crate) fn report(word: &str, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    // The compiler underlines what these tokens come from: the attribute.
    let attribute = format_ident!("{word}");
    diag.error(
        attribute,
        format_args!("`#[{word}]` stands outside of `#[saga]`"),
        format_args!("write `#[saga]` on the impl block that has this method"),
    );
    let errors = diag.into_tokens();
    quote!(#errors #item)
}
