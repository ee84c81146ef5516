//! Durations as strings: `"250ms"`, `"2m"`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Lit, LitStr};

use super::keys::Key;
use crate::diag::{Diag, text};

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const HELP: &str = "write a whole number and a unit, `ms`, `s`, `m`, `h` or `d`: `\"250ms\"`, `\"2m\"`";

/// A duration and the literal that says it.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) duration: Duration,
    literal: LitStr,
}

impl ToTokens for Span {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.literal.to_tokens(tokens);
    }
}

/// The value of `key`.
pub(crate) fn read(key: Key, diag: &mut Diag) -> Option<Span> {
    let example = format!("{} = \"5s\"", key.word());
    let value: TokenStream = key.value(example, diag)?;
    let literal = match syn::parse2::<Lit>(value.clone()) {
        Ok(Lit::Str(literal)) => literal,
        Ok(_) | Err(_) => {
            diag.error(&value, format_args!("`{}` is not a duration", text(&value)), HELP);
            return None;
        }
    };
    match parse(&literal.value()) {
        Some(duration) => Some(Span { duration, literal }),
        None => {
            diag.error(&literal, format_args!("\"{}\" is not a duration", literal.value()), HELP);
            None
        }
    }
}

/// The value of `key`, which must not be nothing.
pub(crate) fn read_positive(key: Key, diag: &mut Diag) -> Option<Span> {
    let word = key.word();
    let span = read(key, diag)?;
    if span.duration.is_zero() {
        diag.error(&span, format_args!("`{word}` leaves no time"), format_args!("write `{word} = \"5s\"`"));
        return None;
    }
    Some(span)
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("10s"), Some(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse("3h"), Some(Duration::from_secs(10_800)));
        assert_eq!(parse("1d"), Some(Duration::from_secs(86_400)));
        assert_eq!(parse("0ms"), Some(Duration::ZERO));
        for bad in
            ["", "5", "ms", "5 s", "1.5s", "-1s", "5sec", "5S", "99999999999999999999s", "9999999999999999d"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
