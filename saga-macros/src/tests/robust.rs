//! Whatever stands in a block, the macro answers with Rust and does not panic.

use std::fs;
use std::path::Path;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// The order saga with each of its tokens left out in turn, doubled in turn, and replaced in turn.
#[test]
fn a_block_with_any_one_token_wrong_becomes_rust() {
    becomes_rust(&block_in("order_flow.rs"));
}

/// The same with conditions, lists, signals and children.
#[test]
fn a_block_of_the_whole_language_with_any_one_token_wrong_becomes_rust() {
    becomes_rust(&block_in("calls.rs"));
}

fn becomes_rust(block: &TokenStream) {
    let mut wrong = 0;
    for change in
        [|_: TokenTree| TokenStream::new(), |token| quote!(#token #token), |_| quote!(x), |_| quote!("1s")]
    {
        for at in 0..count(block.clone()) {
            let changed = changed(block.clone(), &mut { at }, &change);
            let expanded = crate::saga::saga(TokenStream::new(), changed);
            let text = expanded.to_string();
            assert!(syn::parse2::<syn::File>(expanded).is_ok(), "token {at}: {text}");
            wrong += usize::from(text.contains("compile_error"));
        }
    }
    assert!(wrong > 500, "only {wrong} were wrong");
}

#[test]
fn an_attribute_with_any_one_token_wrong_becomes_rust() {
    let attribute = quote!(name = "order-flow", version = 2, input = Map<u8, [u8; 2]>, output = look, deadline = "1d", crate = ::sagas);
    let block = quote!(impl Flow { #[step(read_only)] async fn look(&self) -> Result<(), StepError> {} });
    for change in
        [|_: TokenTree| TokenStream::new(), |token| quote!(#token #token), |_| quote!(<), |_| quote!(=)]
    {
        for at in 0..count(attribute.clone()) {
            let changed = changed(attribute.clone(), &mut { at }, &change);
            let expanded = crate::saga::saga(changed, block.clone());
            assert!(syn::parse2::<syn::File>(expanded).is_ok(), "token {at}");
        }
    }
}

#[test]
fn a_fault_with_any_one_token_wrong_becomes_rust() {
    let item = quote! {
        #[fault(crate = ::sagas)]
        enum Wrong<T: Cause> {
            #[fault(not_done, code = "a", retry_after = "5s")]
            Unit,
            #[fault(with = path::kind)]
            Tuple(#[source] T, u8),
            #[fault(transparent)]
            Named { source: Other },
        }
    };
    for change in
        [|_: TokenTree| TokenStream::new(), |token| quote!(#token #token), |_| quote!(x), |_| quote!("1s")]
    {
        for at in 0..count(item.clone()) {
            let changed = changed(item.clone(), &mut { at }, &change);
            let expanded = crate::fault::derive(changed);
            assert!(syn::parse2::<syn::File>(expanded).is_ok(), "token {at}");
        }
    }
}

/// The block of the last saga in a file of `tests/ui/pass`.
fn block_in(file: &str) -> TokenStream {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/pass").join(file);
    let file = syn::parse_file(&fs::read_to_string(path).unwrap());
    let is_saga = |item: &syn::ItemImpl| item.attrs.iter().any(|attribute| attribute.path().is_ident("saga"));
    let blocks = file.unwrap().items.into_iter().filter_map(|item| match item {
        syn::Item::Impl(mut item) if is_saga(&item) => {
            item.attrs.clear();
            Some(item.into_token_stream())
        }
        _ => None,
    });
    blocks.last().unwrap()
}

/// `tokens` with the token changed that has `left` before it, groups included.
fn changed(tokens: TokenStream, left: &mut usize, change: &dyn Fn(TokenTree) -> TokenStream) -> TokenStream {
    let mut done = false;
    let mut result = TokenStream::new();
    for token in tokens {
        if done {
            result.extend([token]);
        } else if *left == 0 {
            done = true;
            result.extend(change(token));
        } else {
            *left -= 1;
            match token {
                TokenTree::Group(group) => {
                    let before = *left;
                    let count = count(group.stream());
                    let inner = changed(group.stream(), left, change);
                    done = before < count;
                    result.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
                }
                other => result.extend([other]),
            }
        }
    }
    result
}

fn count(tokens: TokenStream) -> usize {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => 1 + count(group.stream()),
            _ => 1,
        })
        .sum()
}
