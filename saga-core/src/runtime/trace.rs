//! The spans that instances and attempts are traced in, and the trace of whoever started an instance.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::{Span, info_span, warn};

use crate::definition::Definition;
use crate::id::{InstanceId, StepName};
use crate::journal::TraceContext;
use crate::private::Role;

/// Says in which trace a caller is.
type Capture = dyn Fn() -> Option<TraceContext> + Send + Sync;

/// Puts a span into a trace.
type Adopt = dyn Fn(&Span, &TraceContext) + Send + Sync;

/// How the program's own tracing is asked and told. These are the user's functions: a panic in one of them costs the
/// trace, and nothing else.
#[derive(Clone, Default)]
pub(crate) struct Tracing {
    pub(crate) capture: Option<Arc<Capture>>,
    pub(crate) adopt: Option<Arc<Adopt>>,
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing")
            .field("capture", &self.capture.is_some())
            .field("adopt", &self.adopt.is_some())
            .finish()
    }
}

impl Tracing {
    /// The trace that the caller is in, if it is in one and that can be said. It is called in the caller's own task.
    pub(crate) fn capture(&self) -> Option<Arc<TraceContext>> {
        let capture = self.capture.as_ref()?;
        let Ok(context) = catch_unwind(AssertUnwindSafe(|| capture())) else {
            warn!("the function that says in which trace a caller is panicked");
            return None;
        };
        let TraceContext { traceparent, tracestate } = context?;
        // Anybody can put a context together from any text, and this one is kept.
        match TraceContext::new(traceparent) {
            Ok(context) => Some(Arc::new(match tracestate {
                Some(state) => context.with_state(state),
                None => context,
            })),
            Err(error) => {
                warn!(%error, "an instance is started without its trace");
                None
            }
        }
    }

    /// The span of an instance, for as long as it is in memory. It has no parent in this process: what starts an
    /// instance ends long before it, and a span is not over before its children are. So it is a part of a trace only
    /// by what [`adopt`](Self::adopt) makes of it.
    pub(crate) fn of_instance(
        &self,
        definition: &Definition,
        id: &InstanceId,
        trace: Option<&TraceContext>,
    ) -> Span {
        let (saga, version) = (definition.name(), definition.version());
        let traceparent = trace.map(|trace| tracing::field::display(&trace.traceparent));
        let span = info_span!(parent: None, "saga", %saga, %id, version, traceparent);
        if let (Some(adopt), Some(trace)) = (&self.adopt, trace)
            && catch_unwind(AssertUnwindSafe(|| adopt(&span, trace))).is_err()
        {
            warn!(parent: &span, "the function that puts a span into its trace panicked");
        }
        span
    }
}

/// The span of an attempt, in which the user's method runs.
pub(crate) fn of_attempt(
    parent: &Span,
    role: Role,
    definition: &Definition,
    id: &InstanceId,
    (step, item, attempt): (&StepName, Option<u32>, u32),
) -> Span {
    let saga = definition.name();
    match role {
        Role::Step => info_span!(parent: parent, "step", %saga, %id, %step, item, attempt),
        Role::Check => info_span!(parent: parent, "check", %saga, %id, %step, item, attempt),
        Role::Compensation => info_span!(parent: parent, "compensation", %saga, %id, %step, item, attempt),
    }
}
