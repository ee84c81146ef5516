//! The head of the implementations beside the impl block: for which types they are.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, ItemImpl, WherePredicate, parse_quote};

/// For which types a trait of the library is implemented.
pub(crate) struct Header {
    generics: TokenStream,
    ty: TokenStream,
    bounds: TokenStream,
}

impl Header {
    /// The header beside `item`.
    ///
    /// A saga is shared between threads and outlives whoever starts an instance, so the implementations are for
    /// the type parameters that can be, and the user need not say so: the methods of the block are for all.
    pub(super) fn new(item: &ItemImpl) -> Self {
        let mut generics = item.generics.clone();
        let names = lifetimes(&generics);
        generics.params = generics.params.into_iter().filter(|param| !is_lifetime(param)).collect();
        let bounds: Vec<WherePredicate> = generics.type_params().map(|param| shared(&param.ident)).collect();
        if !bounds.is_empty() {
            generics.make_where_clause().predicates.extend(bounds);
        }
        let (params, _, bounds) = generics.split_for_impl();
        Self {
            generics: outliving(params.to_token_stream(), &names),
            ty: outliving(item.self_ty.to_token_stream(), &names),
            bounds: outliving(bounds.to_token_stream(), &names),
        }
    }

    /// The implementation of the trait `of`.
    pub(crate) fn implement(&self, of: &TokenStream, body: &TokenStream) -> TokenStream {
        let Self { generics, ty, bounds } = self;
        quote! {
            #[automatically_derived]
            impl #generics #of for #ty #bounds {
                #body
            }
        }
    }
}

fn shared(param: &Ident) -> WherePredicate {
    parse_quote!(#param: ::core::marker::Send + ::core::marker::Sync + 'static)
}

fn is_lifetime(param: &GenericParam) -> bool {
    matches!(param, GenericParam::Lifetime(_))
}

/// The names of the block's lifetimes, without the apostrophe.
fn lifetimes(generics: &Generics) -> BTreeSet<String> {
    let declared = generics.lifetimes().map(|param| param.lifetime.ident.to_string());
    declared.chain(["_".to_owned()]).collect()
}

/// The same with `'static` for each of these lifetimes and for those that are left out. A lifetime is a mistake
/// that is reported; with it the saga is one of what lives for ever, so that its uses are no mistakes.
fn outliving(tokens: TokenStream, names: &BTreeSet<String>) -> TokenStream {
    let mut result = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is = |token: &TokenTree, wanted: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
        if is(&token, '\'') && tokens.next_if(|name| names.contains(&name.to_string())).is_some() {
            result.extend(quote!('static));
            continue;
        }
        let is_elided = is(&token, '&') && tokens.peek().is_none_or(|next| !is(next, '\''));
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), outliving(group.stream(), names));
                inner.set_span(group.span());
                result.extend([TokenTree::Group(inner)]);
            }
            other => result.extend([other]),
        }
        if is_elided {
            result.extend(quote!('static));
        }
    }
    result
}
