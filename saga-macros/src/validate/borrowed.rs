//! A saga borrows nothing: its instances outlive whoever starts them.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use crate::diag::Diag;
use crate::model::Saga;

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let item = &saga.block.item;
    let declared = item.generics.lifetimes().next().map(ToTokens::into_token_stream);
    let Some(at) = declared.or_else(|| borrow(item.self_ty.to_token_stream())) else { return };
    diag.error(
        at,
        "a saga owns its services: its instances outlive whoever starts them",
        format_args!("write `Arc<T>` in `{}` where it has `&T`", saga.block.ident),
    );
}

/// What makes a type borrowed: a lifetime other than `'static`, or one that is left out.
fn borrow(ty: TokenStream) -> Option<TokenStream> {
    let mut tokens = ty.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Group(group) => borrow(group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => tokens
                .next_if(|name| name.to_string() != "static")
                .map(|name| TokenStream::from_iter([token, name])),
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                tokens.peek().is_none_or(|next| next.to_string() != "'").then(|| token.into())
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
