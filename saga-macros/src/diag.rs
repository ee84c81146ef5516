//! Mistakes with what to write instead, collected so that all of them are reported at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Diag {
    errors: Vec<Error>,
}

impl Diag {
    /// Reports `what` at the tokens `at`, with `help` on a line of its own.
    pub(crate) fn error(&mut self, at: impl ToTokens, what: impl Display, help: impl Display) {
        self.push(Error::new_spanned(at, format_args!("{what}\nhelp: {help}")));
    }

    /// Reports what syn says of tokens that do not parse, with `help` on a line of its own.
    pub(crate) fn syntax(&mut self, error: &Error, help: impl Display) {
        self.push(Error::new(error.span(), format_args!("{error}\nhelp: {help}")));
    }

    /// Reports `error` as it is.
    pub(crate) fn push(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// How many mistakes have been found so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// The mistakes as tokens that make the compiler report them; `None` if there are none.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        if self.errors.is_empty() {
            return None;
        }
        Some(self.errors.iter().map(Error::to_compile_error).collect())
    }
}

/// The word of `known` that was most likely meant by `word`, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = (word.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= far && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out or exchanged to make `one` of `other`.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut last = line + 1;
        if let Some(first) = row.first_mut() {
            *first = last;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(other.chars()) {
            let exchanged = diagonal + usize::from(left != right);
            diagonal = *cell;
            last = exchanged.min(diagonal + 1).min(last + 1);
            *cell = last;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The words in backticks, separated by commas, the last by `and`.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Tokens as a person would write them, for code in messages.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" ,", ","),
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(from, to);
    }
    text.replace("=(", "= (").replace("->", " ->").replace("  ->", " ->")
}

#[cfg(test)]
mod tests {
    use super::{distance, list, nearest, text};

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["compensate", "pivot", "retriable", "read_only"];
        assert_eq!(nearest("compensat", known), Some("compensate"));
        assert_eq!(nearest("pivto", known), Some("pivot"));
        assert_eq!(nearest("undo", known), None);
        assert_eq!(nearest("x", ["ab"]), None, "nothing in common");
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn words_are_listed_as_in_a_sentence() {
        assert_eq!(list([]), "");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }

    #[test]
    fn tokens_are_printed_as_a_person_would_write_them() {
        let tokens = quote::quote!(Result<Checked<a::Payment>, PaymentError>);
        assert_eq!(text(tokens), "Result<Checked<a::Payment>, PaymentError>");
        let tokens = quote::quote!(output = payment, retry(attempts = 4, initial = "50ms"));
        assert_eq!(text(tokens), "output = payment, retry(attempts = 4, initial = \"50ms\")");
        assert_eq!(text(quote::quote!(Option<&Payment>)), "Option<&Payment>");
    }
}
