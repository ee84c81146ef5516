//! What the errors of steps tell the machine.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a failed attempt did, as far as its caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The service refused: nothing was done, and asking again will not help.
    Rejected,
    /// Nothing was done, and trying again may help: no connection, overloaded, locked.
    NotDone,
    /// It may have been done: the answer did not come, or cannot be understood.
    InDoubt,
}

/// An error of a step, a compensation or a check: it says whether something may have been done.
///
/// Derive it on an enum (`#[derive(Fault)]`), use [`StepError`] for quick work, or implement it by hand.
/// ```
/// # use saga_core::fault::{Fault, FaultKind};
/// # use std::fmt;
/// #[derive(Debug)]
/// struct GatewayTimeout;
///
/// impl fmt::Display for GatewayTimeout {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("the gateway did not answer")
///     }
/// }
///
/// impl Fault for GatewayTimeout {
///     fn kind(&self) -> FaultKind {
///         FaultKind::InDoubt // the charge may have been made
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a failed attempt had an effect",
    label = "this error type does not implement `Fault`",
    note = "help: write `#[derive(Fault)]` on the enum, with `#[fault(rejected)]`, `#[fault(not_done)]` or `#[fault(in_doubt)]` on each variant",
    note = "help: or return `StepError`: `?` on any error makes it in doubt, the only safe guess"
)]
pub trait Fault: fmt::Display + Send + Sync + 'static {
    /// What the failed attempt did. Unknown means in doubt.
    fn kind(&self) -> FaultKind;

    /// A stable word for programs to match, kept in the journal.
    fn code(&self) -> Option<&str> {
        None
    }

    /// How long the service asks to be left alone; it takes the place of the retry policy's delay.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The cause, kept in the journal as text.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        None
    }
}

/// An error for quick work, where a step has no error type of its own.
///
/// `?` turns any [`std::error::Error`] into one that is in doubt, the only safe guess.
/// ```
/// # use saga_core::fault::{Fault, FaultKind, StepError};
/// fn parse(text: &str) -> Result<u32, StepError> {
///     if text.is_empty() {
///         return Err(StepError::rejected("no number"));
///     }
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(parse("").unwrap_err().kind(), FaultKind::Rejected);
/// assert_eq!(parse("x").unwrap_err().kind(), FaultKind::InDoubt);
/// ```
pub struct StepError {
    kind: FaultKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync + 'static>>,
}

impl StepError {
    /// The service refused, and asking again will not help.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::Rejected, message: message.into(), source: None }
    }

    /// Nothing was done, and trying again may help.
    pub fn not_done(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::NotDone, message: message.into(), source: None }
    }

    /// It may have been done.
    pub fn in_doubt(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::InDoubt, message: message.into(), source: None }
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepError").field("kind", &self.kind).field("message", &self.message).finish()
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Fault for StepError {
    fn kind(&self) -> FaultKind {
        self.kind
    }

    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for StepError {
    fn from(error: E) -> Self {
        let source = error.source().is_some();
        let message = error.to_string();
        Self { kind: FaultKind::InDoubt, message, source: source.then(|| Box::new(error) as _) }
    }
}

/// The most bytes of error text that are kept: what an error says is for people, and a service that answers
/// with a page of HTML must not fill the journal.
pub const ERROR_TEXT_BYTES_MAX: usize = 4 * 1024;

/// The most causes of an error that are kept.
const SOURCES_MAX: usize = 16;

/// What is kept of an error: its kind, its code, its text and its sources as text, cut at
/// [`ERROR_TEXT_BYTES_MAX`] together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaultRecord {
    /// What the attempt did.
    pub kind: FaultKind,
    /// The stable word, if the error has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The text.
    pub message: String,
    /// The texts of its causes, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// How long the service asked to be left alone, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl FaultRecord {
    /// What is kept of `fault`.
    pub fn of(fault: &dyn Fault) -> Self {
        let mut left = ERROR_TEXT_BYTES_MAX;
        let message = cut(fault.to_string(), &mut left);
        let mut sources = Vec::new();
        let mut source = fault.source();
        while let Some(error) = source
            && sources.len() < SOURCES_MAX
            && left > 0
        {
            sources.push(cut(error.to_string(), &mut left));
            source = error.source();
        }
        let code = fault.code().map(|code| cut(code.to_owned(), &mut { 256 }));
        let retry_after_ms =
            fault.retry_after().map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        Self { kind: fault.kind(), code, message, sources, retry_after_ms }
    }

    /// A record of something that the runtime itself says of an attempt, such as a timeout.
    pub fn new(kind: FaultKind, code: &str, message: impl Into<String>) -> Self {
        let message = cut(message.into(), &mut { ERROR_TEXT_BYTES_MAX });
        Self { kind, code: Some(code.to_owned()), message, sources: Vec::new(), retry_after_ms: None }
    }
}

/// As much of what a person wrote as the journal keeps.
#[cfg(feature = "runtime")]
pub(crate) fn kept_text(text: String) -> String {
    cut(text, &mut { ERROR_TEXT_BYTES_MAX })
}

/// Cuts `text` to `left` bytes at a character's end, and takes what it keeps off `left`.
fn cut(mut text: String, left: &mut usize) -> String {
    if text.len() > *left {
        let end = (0..=*left).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    *left -= text.len();
    text
}
