//! The trace that an instance belongs to.

use serde::{Deserialize, Serialize};

/// The trace context of whoever started an instance, as W3C Trace Context writes it. It stands in the journal, so
/// that the trace goes on after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceContext {
    /// The trace and the span, such as `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
    pub traceparent: String,
    /// What vendors say of it beside that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

/// The text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a traceparent is `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, in lower case, its ids not zero"
)]
pub struct InvalidTrace;

impl TraceContext {
    /// So many bytes of a `tracestate` are kept: what every system has to pass on, by W3C Trace Context.
    pub const TRACESTATE_MAX: usize = 512;

    /// The context that the text `traceparent` says.
    ///
    /// # Errors
    /// [`InvalidTrace`] if it says none: start without one.
    pub fn new(traceparent: impl Into<String>) -> Result<Self, InvalidTrace> {
        let traceparent = traceparent.into();
        if is_traceparent(&traceparent) {
            Ok(Self { traceparent, tracestate: None })
        } else {
            Err(InvalidTrace)
        }
    }

    /// The same with what vendors say of it. One that is longer than [`TRACESTATE_MAX`](Self::TRACESTATE_MAX) is
    /// left out, since a part of it may say something else.
    #[must_use]
    pub fn with_state(self, tracestate: impl Into<String>) -> Self {
        let tracestate = Some(tracestate.into()).filter(|state| state.len() <= Self::TRACESTATE_MAX);
        Self { tracestate, ..self }
    }
}

fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str, len| {
        part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, len| is_hex(part, len) && part.bytes().any(|byte| byte != b'0');
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next(), parts.next(), parts.next(), parts.next());
    version == Some("00")
        && trace.is_some_and(|trace| is_id(trace, 32))
        && span.is_some_and(|span| is_id(span, 16))
        && flags.is_some_and(|flags| is_hex(flags, 2))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{InvalidTrace, TraceContext};

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_kept_as_it_is() {
        let context = TraceContext::new(PARENT).expect("it is one").with_state("vendor=1");
        assert_eq!((context.traceparent.as_str(), context.tracestate.as_deref()), (PARENT, Some("vendor=1")));
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for text in [
            "",
            "0af7651916cd43dd8448eb211c80319c",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00",
        ] {
            assert_eq!(TraceContext::new(text), Err(InvalidTrace), "{text}");
        }
    }

    #[test]
    fn a_tracestate_that_is_too_long_is_left_out() {
        let context = TraceContext::new(PARENT).expect("it is one");
        assert!(context.clone().with_state("a".repeat(512)).tracestate.is_some());
        assert_eq!(context.with_state("a".repeat(513)).tracestate, None);
    }
}
