//! The syntax that all attributes share: keys with or without a value, separated by commas.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, LitInt, LitStr, Token, parenthesized};

use crate::diag::{Diag, list, nearest, text};

/// One key as it was written.
pub(crate) struct Key {
    pub(crate) name: Ident,
    value: Value,
}

enum Value {
    None,
    Equals(TokenStream),
    List(TokenStream),
}

/// Reads keys; `place` names the attribute, for messages. Unknown and doubled keys are reported and left out,
/// as is what does not parse.
pub(crate) fn read(tokens: TokenStream, place: &str, known: &[&str], diag: &mut Diag) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for part in split(tokens) {
        match Key::parse.parse2(part) {
            Err(error) => diag.syntax(&error, format_args!("{place} knows {}", list(known.iter().copied()))),
            Ok(key) if !known.contains(&key.word().as_str()) => unknown(&key, place, known, diag),
            Ok(key) if keys.iter().any(|other| other.word() == key.word()) => diag.error(
                &key.name,
                format_args!("`{}` is said twice", key.word()),
                format_args!("write one `{}`", key.word()),
            ),
            Ok(key) => keys.push(key),
        }
    }
    keys
}

fn unknown(key: &Key, place: &str, known: &[&str], diag: &mut Diag) {
    let word = key.word();
    let known_keys = list(known.iter().copied());
    let help = match nearest(&word, known.iter().copied()) {
        Some(near) => format!("write `{near}`; {place} knows {known_keys}"),
        None => format!("{place} knows {known_keys}"),
    };
    diag.error(&key.name, format_args!("{place} has no key `{word}`"), help);
}

/// The parts between commas. A comma between angle brackets belongs to a type.
pub(crate) fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut depth = 0_usize;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(TokenStream::from_iter(std::mem::take(&mut part)));
                    continue;
                }
                _ => {}
            }
        }
        part.push(token);
    }
    if !part.is_empty() {
        parts.push(TokenStream::from_iter(part));
    }
    parts
}

impl Key {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("a key is expected here"));
        }
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Equals(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::None
        };
        if input.is_empty() {
            return Ok(Self { name, value });
        }
        Err(input.error(format_args!("a comma is missing after `{name}`")))
    }

    /// The key's name.
    pub(crate) fn word(&self) -> String {
        self.name.to_string()
    }

    /// Whether parentheses follow.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// The key, which stands alone.
    pub(crate) fn flag(self, diag: &mut Diag) -> Ident {
        if let Value::Equals(value) | Value::List(value) = &self.value {
            let at = if value.is_empty() { self.name.to_token_stream() } else { value.clone() };
            let word = &self.name;
            diag.error(at, format_args!("`{word}` takes no value"), format_args!("write `{word}`"));
        }
        self.name
    }

    /// What stands after `=`, read as a `T`; `example` is the whole key as it should be written. What is right
    /// but for its quotes is its own example.
    pub(crate) fn value<T: Parse>(self, example: impl Display, diag: &mut Diag) -> Option<T> {
        let help = match self.unquoted::<T>() {
            Some(unquoted) => format!("write `{} = {unquoted}`", self.name),
            None => format!("write `{example}`"),
        };
        match self.value {
            Value::Equals(value) if !value.is_empty() => T::parse
                .parse2(value.clone())
                .map_err(|_| diag.error(value, format_args!("this is no value of `{}`", self.name), help))
                .ok(),
            Value::Equals(_) | Value::None | Value::List(_) => {
                diag.error(&self.name, format_args!("`{}` needs a value", self.name), help);
                None
            }
        }
    }

    /// The text after `=` that would be a `T` without its quotes.
    fn unquoted<T: Parse>(&self) -> Option<String> {
        let Value::Equals(value) = &self.value else { return None };
        let unquoted = syn::parse2::<LitStr>(value.clone()).ok()?.value();
        T::parse.parse_str(&unquoted).is_ok().then_some(unquoted)
    }

    /// The names that stand after it, however they are written.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.value {
            Value::None => Vec::new(),
            Value::Equals(value) | Value::List(value) => names_in(value.clone()),
        }
    }

    /// A number of `what` after `=`, at least one.
    pub(crate) fn count(self, what: &str, example: u32, diag: &mut Diag) -> Option<u32> {
        let word = self.word();
        let value: TokenStream = self.value(format_args!("{word} = {example}"), diag)?;
        let literal = syn::parse2::<LitInt>(value.clone()).ok();
        let number = literal.and_then(|literal| literal.base10_parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            diag.error(
                &value,
                format_args!("`{}` is no number of {what}", text(&value)),
                format_args!("write how many run at once, at least one: `{word} = {example}`"),
            );
        }
        number
    }

    /// A string after `=`.
    pub(crate) fn string(self, example: impl Display, diag: &mut Diag) -> Option<LitStr> {
        self.value(example, diag)
    }

    /// What stands between parentheses.
    pub(crate) fn list(self, example: impl Display, diag: &mut Diag) -> Option<TokenStream> {
        match self.value {
            Value::List(content) => Some(content),
            Value::None | Value::Equals(_) => {
                let what = format!("`{}` needs parentheses", self.name);
                diag.error(&self.name, what, format_args!("write `{example}`"));
                None
            }
        }
    }
}

fn names_in(tokens: TokenStream) -> Vec<String> {
    let names = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => names_in(group.stream()),
        TokenTree::Literal(literal) => {
            let unquoted = syn::parse2::<LitStr>(literal.to_token_stream()).ok();
            unquoted
                .and_then(|text| text.parse::<Ident>().ok())
                .map(|name| name.to_string())
                .into_iter()
                .collect()
        }
        TokenTree::Punct(_) => Vec::new(),
    });
    names.collect()
}

/// Names separated by commas.
pub(crate) fn idents(tokens: TokenStream) -> Result<Vec<Ident>, Error> {
    let parser = Punctuated::<Ident, Token![,]>::parse_terminated;
    parser.parse2(tokens).map(|idents| idents.into_iter().collect())
}
