//! Messages: what each file of `tests/ui/fail` is told, as its `.stderr` has it.
//!
//! The compiler adds the place; the text is the macro's alone, whatever the compiler's version.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, ImplItem, Item, LitStr, Meta};

#[test]
fn each_file_is_told_what_it_expects() {
    let files = files();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let mut told = 0;
    for path in files {
        let source = fs::read_to_string(&path).unwrap();
        let expected = fs::read_to_string(path.with_extension("stderr")).unwrap();
        let messages = messages(&source);
        // Errors with a code are the compiler's, as are those about threads.
        let ours = |line: &&str| line.starts_with("error: ") && !line.contains("between threads");
        assert_eq!(messages.len(), expected.lines().filter(ours).count(), "{}: {messages:?}", path.display());
        for message in messages {
            let is_expected = as_reported(&expected).contains(&as_reported(&message));
            assert!(is_expected, "{} is told\n{message}", path.display());
            assert!(message.contains("\nhelp: "), "{}: {message}", path.display());
            told += 1;
        }
    }
    assert!(told > 100, "only {told} messages were made");
}

/// Without what differs between a compiler's tokens and those of a test: spaces.
fn as_reported(message: &str) -> String {
    message.chars().filter(|character| !character.is_whitespace()).collect()
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/fail");
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// What the macros say of the items of a file.
fn messages(source: &str) -> Vec<String> {
    let file = syn::parse_file(source).unwrap();
    file.items.into_iter().map(expand).flat_map(errors).collect()
}

fn expand(mut item: Item) -> TokenStream {
    let attributes = match &mut item {
        Item::Impl(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        _ => return TokenStream::new(),
    };
    if let Some(at) = attributes.iter().position(|attribute| attribute.path().is_ident("saga")) {
        let attribute = attributes.remove(at);
        return crate::saga::saga(between_parentheses(&attribute), item.into_token_stream());
    }
    let derives_fault = |attribute: &Attribute| between_parentheses(attribute).to_string().contains("Fault");
    if attributes.iter().any(|attribute| attribute.path().is_ident("derive") && derives_fault(attribute)) {
        attributes.retain(|attribute| !attribute.path().is_ident("derive"));
        return crate::fault::derive(item.into_token_stream());
    }
    let Item::Impl(item) = item else { return TokenStream::new() };
    item.items.into_iter().map(stand_alone).collect()
}

/// `#[step]` and `#[policy]` outside of `#[saga]`.
fn stand_alone(member: ImplItem) -> TokenStream {
    let ImplItem::Fn(method) = member else { return TokenStream::new() };
    let ours = |word: &&str| method.attrs.iter().any(|attribute| attribute.path().is_ident(word));
    ["step", "policy"]
        .iter()
        .filter(|word| ours(word))
        .map(|word| crate::outside::report(word, TokenStream::new()))
        .collect()
}

fn between_parentheses(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    }
}

/// The texts of all `compile_error!` in `tokens`.
fn errors(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "compile_error" => {
                if let Some(TokenTree::Group(message)) = tokens.nth(1) {
                    found.push(syn::parse2::<LitStr>(message.stream()).unwrap().value());
                }
            }
            TokenTree::Group(group) => found.extend(errors(group.stream())),
            _ => {}
        }
    }
    found
}
