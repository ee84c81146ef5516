//! Names: what is made of the user's, and what the expansion invents.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::Path;
use syn::ext::IdentExt;

/// The longest name of a saga or a step: it is part of every idempotency key.
pub(crate) const NAME_BYTES_MAX: usize = 64;

/// Names that mean something else than an output.
pub(crate) const RESERVED: [&str; 5] = ["input", "cx", "failure", "item", "signal"];

/// Whether a saga can have this name in the journal: `[a-z0-9-]{1,64}`.
pub(crate) fn is_saga_name(name: &str) -> bool {
    is_name(name, |byte| byte == b'-')
}

/// Whether a step can have this name in the journal: `[a-z0-9_-]{1,64}`.
pub(crate) fn is_step_name(name: &str) -> bool {
    is_name(name, |byte| byte == b'-' || byte == b'_')
}

fn is_name(name: &str, also: impl Fn(u8) -> bool) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also(byte))
}

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The name that a parameter binds: its own without `r#` and without a leading underscore.
pub(crate) fn bound(ident: &Ident) -> String {
    let name = plain(ident);
    name.strip_prefix('_').map(str::to_owned).unwrap_or(name)
}

/// `OrderFlow` as `order-flow`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || characters.peek().is_some_and(|next| next.is_lowercase())
            });
        if character == '_' {
            kebab.push('-');
        } else {
            if starts_word && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.extend(character.to_lowercase());
        }
        before = Some(character);
    }
    kebab
}

/// `process_payment` as the variant `ProcessPayment`; `None` if it makes no identifier.
pub(crate) fn variant(method: &Ident) -> Option<Ident> {
    let camel: String = plain(method).split('_').map(capitalized).collect();
    let mut ident: Ident = syn::parse_str(&camel).ok()?;
    ident.set_span(invented(method.span()));
    Some(ident)
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The name of the step enum of the type `saga`.
pub(crate) fn step_enum(saga: &Ident) -> Ident {
    format_ident!("{}Step", saga.unraw(), span = invented(saga.span()))
}

/// The name that the expansion binds the output of the step at `index` to.
pub(crate) fn output_binding(index: usize) -> Ident {
    format_ident!("__output_{index}")
}

/// Where the library is found: `crate = path`, or else `::sagas`.
pub(crate) fn library(path: Option<&Path>) -> TokenStream {
    path.map_or_else(|| quote::quote!(::sagas), ToTokens::to_token_stream)
}

/// The place of `span`, with names resolved as in the expansion: tokens that come out of a `macro_rules` would
/// not see what the expansion binds.
pub(crate) fn invented(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// Places of the first and the last token of `tokens`. An expression whose first and last token have them is
/// underlined like `tokens`.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| match token {
        TokenTree::Group(group) => (group.span_open(), group.span_close()),
        other => (other.span(), other.span()),
    });
    let first = spans.next().unwrap_or((Span::call_site(), Span::call_site()));
    let last = spans.last().unwrap_or(first);
    (invented(first.0), invented(last.1))
}

/// The same tokens at the place of `span`.
pub(crate) fn located(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::{bound, is_saga_name, is_step_name, kebab, variant};
    use quote::format_ident;

    #[test]
    fn type_names_become_kebab_case() {
        assert_eq!(kebab("OrderFlow"), "order-flow");
        assert_eq!(kebab("HTTPFlow"), "http-flow");
        assert_eq!(kebab("Order2Flow"), "order2-flow");
        assert_eq!(kebab("Order_Flow"), "order-flow");
        assert_eq!(kebab("order"), "order");
    }

    #[test]
    fn method_names_become_variants() {
        assert_eq!(variant(&format_ident!("process_payment")).unwrap(), "ProcessPayment");
        assert_eq!(variant(&format_ident!("r#move")).unwrap(), "Move");
        assert!(variant(&format_ident!("self_")).is_none(), "`Self` is a keyword");
        assert!(variant(&format_ident!("_1")).is_none(), "`1` is no identifier");
    }

    #[test]
    fn a_parameter_binds_its_name_without_one_underscore() {
        assert_eq!(bound(&format_ident!("_payment")), "payment");
        assert_eq!(bound(&format_ident!("__payment")), "_payment");
        assert_eq!(bound(&format_ident!("r#type")), "type");
    }

    #[test]
    fn names_in_the_journal_are_short_and_plain() {
        assert!(is_saga_name("order-flow") && !is_saga_name("order_flow") && !is_saga_name(""));
        assert!(is_step_name("process_payment-2") && !is_step_name("Process") && !is_step_name("a/b"));
        assert!(is_step_name(&"a".repeat(64)) && !is_step_name(&"a".repeat(65)));
    }
}
