//! `retry(..)` and `timeout`, of steps and in `#[policy(..)]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Lit, LitBool, LitInt};

use super::duration::{self, Span};
use super::keys::{self, Key};
use crate::diag::{Diag, text};

const KEYS: [&str; 2] = ["retry", "timeout"];
const RETRY_KEYS: [&str; 5] = ["attempts", "initial", "factor", "max", "jitter"];
const RETRY_EXAMPLE: &str = "retry(attempts = 4, initial = \"50ms\")";

/// How often a method is called, and how long a call may take. A key left out keeps its kind's default.
#[derive(Debug, Default)]
pub(crate) struct PolicyArgs {
    pub(crate) retry: Option<RetryArgs>,
    pub(crate) timeout: Option<Span>,
}

/// What `retry(..)` says.
#[derive(Debug, Default)]
pub(crate) struct RetryArgs {
    pub(crate) attempts: Option<Attempts>,
    pub(crate) initial: Option<Span>,
    pub(crate) factor: Option<f64>,
    pub(crate) max: Option<Span>,
    pub(crate) jitter: Option<bool>,
}

/// `attempts = 4` or `attempts = unlimited`.
#[derive(Debug)]
pub(crate) enum Attempts {
    AtMost(LitInt, u32),
    Unlimited,
}

/// Reads what stands between the parentheses of `#[policy(..)]`.
pub(crate) fn read(tokens: TokenStream, diag: &mut Diag) -> PolicyArgs {
    let mut args = PolicyArgs::default();
    for key in keys::read(tokens, "`#[policy]`", &KEYS, diag) {
        args.take(key, diag);
    }
    args
}

impl PolicyArgs {
    /// Reads `retry(..)` or `timeout`.
    pub(crate) fn take(&mut self, key: Key, diag: &mut Diag) {
        if key.word() == "timeout" {
            self.timeout = duration::read_positive(key, diag);
        } else {
            self.retry = key.list(RETRY_EXAMPLE, diag).map(|content| retry(content, diag));
        }
    }
}

fn retry(tokens: TokenStream, diag: &mut Diag) -> RetryArgs {
    let mut args = RetryArgs::default();
    for key in keys::read(tokens, "`retry(..)`", &RETRY_KEYS, diag) {
        match key.word().as_str() {
            "attempts" => args.attempts = attempts(key, diag),
            "initial" => args.initial = duration::read(key, diag),
            "factor" => args.factor = factor(key, diag),
            "max" => args.max = duration::read(key, diag),
            _ => args.jitter = key.value("jitter = false", diag).map(|jitter: LitBool| jitter.value),
        }
    }
    args
}

fn attempts(key: Key, diag: &mut Diag) -> Option<Attempts> {
    let value: TokenStream = key.value("attempts = 4", diag)?;
    if syn::parse2::<Ident>(value.clone()).is_ok_and(|word| word == "unlimited") {
        return Some(Attempts::Unlimited);
    }
    let literal = syn::parse2::<LitInt>(value.clone()).ok();
    let number = literal.as_ref().and_then(|literal| literal.base10_parse().ok());
    match literal.zip(number) {
        Some((literal, number)) if number > 0 => Some(Attempts::AtMost(literal, number)),
        _ => {
            diag.error(
                &value,
                format_args!("`{}` is no number of attempts", text(&value)),
                "write how many calls there are in all, the first included: `attempts = 4`, or \
                 `attempts = unlimited`",
            );
            None
        }
    }
}

fn factor(key: Key, diag: &mut Diag) -> Option<f64> {
    let value: TokenStream = key.value("factor = 1.5", diag)?;
    let number = match syn::parse2::<Lit>(value.clone()) {
        Ok(Lit::Float(literal)) => literal.base10_parse::<f64>().ok(),
        Ok(Lit::Int(literal)) => literal.base10_parse::<u32>().ok().map(f64::from),
        Ok(_) | Err(_) => None,
    };
    let number = number.filter(|number| number.is_finite() && *number >= 1.0);
    if number.is_none() {
        diag.error(
            &value,
            format_args!("`{}` is no factor", text(&value)),
            "write by how much each delay is longer than the one before, at least 1: `factor = 1.5`",
        );
    }
    number
}
