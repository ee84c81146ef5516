//! What a step may know of the attempt it runs in.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::Span;
use uuid::Uuid;

use crate::id::{InstanceId, StepName};
use crate::journal::TraceContext;
use crate::latch::Latch;

/// The namespace of idempotency keys as UUIDs, drawn once at random. It never changes: services remember keys.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x5e3a_0f1c_7b62_5d0e_9c41_2f8d_6ab9_1e57);

/// The attempt that a step, compensation or check runs in: its keys, its number, and whether its outcome is
/// still wanted.
///
/// The keys are the same in every attempt, before and after a crash.
/// ```
/// # use saga_core::context::StepContext;
/// let cx = StepContext::detached("order-10248", "process_payment");
/// assert_eq!(cx.idempotency_key(), "detached/order-10248/process_payment");
/// assert_eq!(cx.attempt(), 1);
/// ```
#[derive(Clone)]
pub struct StepContext {
    inner: Arc<Inner>,
}

struct Inner {
    instance: InstanceId,
    step: StepName,
    attempt: u32,
    idempotency_key: String,
    step_key_bytes: usize,
    deadline: Option<Instant>,
    cancelled: Option<Arc<Latch>>,
    trace: Option<Arc<TraceContext>>,
    span: Span,
}

/// The part of a context that the runtime knows of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) saga: &'a str,
    pub(crate) instance: InstanceId,
    pub(crate) step: StepName,
    pub(crate) item: Option<u32>,
    pub(crate) attempt: u32,
    pub(crate) compensation: bool,
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancelled: Option<Arc<Latch>>,
    pub(crate) trace: Option<Arc<TraceContext>>,
    pub(crate) span: Span,
}

impl StepContext {
    /// A context for calling a step by itself, in a test or from other code: attempt 1, never cancelled, keys
    /// of the saga `detached`. An `id` that no instance can have is taken as it is.
    pub fn detached(id: &str, step: &str) -> Self {
        let instance = InstanceId::new(id).unwrap_or_else(|_| InstanceId::unchecked(id));
        Self::new(Attempt {
            namespace: None,
            saga: "detached",
            instance,
            step: StepName::new(step),
            item: None,
            attempt: 1,
            compensation: false,
            deadline: None,
            cancelled: None,
            trace: None,
            span: Span::none(),
        })
    }

    pub(crate) fn new(attempt: Attempt<'_>) -> Self {
        let Attempt {
            namespace,
            saga,
            instance,
            step,
            item,
            attempt,
            compensation,
            deadline,
            cancelled,
            trace,
            span,
        } = attempt;
        let mut key = String::with_capacity(64);
        if let Some(namespace) = namespace {
            push_escaped(&mut key, namespace);
            key.push('/');
        }
        key.push_str(saga);
        key.push('/');
        push_escaped(&mut key, instance.as_str());
        key.push('/');
        key.push_str(step.as_str());
        if let Some(item) = item {
            key.push('/');
            key.push_str(&item.to_string());
        }
        let step_key_bytes = key.len();
        if compensation {
            key.push_str("/compensate");
        }
        let inner = Inner {
            instance,
            step,
            attempt,
            idempotency_key: key,
            step_key_bytes,
            deadline,
            cancelled,
            trace,
            span,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The instance's id.
    pub fn instance_id(&self) -> &str {
        self.inner.instance.as_str()
    }

    /// The step's name in the journal.
    pub fn step(&self) -> &str {
        self.inner.step.as_str()
    }

    /// Which attempt this is, from 1. Attempts that died with the process count.
    pub fn attempt(&self) -> u32 {
        self.inner.attempt
    }

    /// The key under which a service should remember this call, so that a repeated one has no further effect:
    /// `order-flow/order-10248/process_payment`, with the namespace first if there is one. `/` and `%` of an id
    /// are percent-encoded. In a step that fans out the item's number follows (`../reserve_line/3`), and in a
    /// compensation it ends with `/compensate`.
    pub fn idempotency_key(&self) -> &str {
        &self.inner.idempotency_key
    }

    /// The key of the step's forward call: in a compensation or a check, the key of what is to be taken back
    /// or asked about.
    pub fn step_key(&self) -> &str {
        self.inner.idempotency_key.get(..self.inner.step_key_bytes).unwrap_or_default()
    }

    /// The [idempotency key](Self::idempotency_key) as a UUID (v5), for services that limit a key's length.
    pub fn idempotency_uuid(&self) -> Uuid {
        Uuid::new_v5(&KEY_NAMESPACE, self.idempotency_key().as_bytes())
    }

    /// Waits until the outcome is no longer wanted: the instance compensates while this attempt runs. An
    /// attempt may use it to end early; what it returns still counts.
    pub async fn cancelled(&self) {
        match &self.inner.cancelled {
            Some(cancelled) => cancelled.wait().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the outcome is no longer wanted.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.as_ref().is_some_and(|cancelled| cancelled.is_set())
    }

    /// When the attempt's time is over, if it has a limit.
    pub fn attempt_deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// The trace of whoever started the instance, or the family that it is a child of: what
    /// [`Builder::trace_context`](crate::runtime::Builder::trace_context) said then, also after a crash. For the
    /// headers of calls, where the program has no tracing that knows better.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.inner.trace.as_deref()
    }

    /// The attempt's span, in which the method runs, to be the parent of others.
    pub fn span(&self) -> &Span {
        &self.inner.span
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext")
            .field("key", &self.idempotency_key())
            .field("attempt", &self.inner.attempt)
            .finish_non_exhaustive()
    }
}

/// Appends `part` with `/` and `%` percent-encoded, so that different parts make different keys.
fn push_escaped(key: &mut String, part: &str) {
    for character in part.chars() {
        match character {
            '/' => key.push_str("%2F"),
            '%' => key.push_str("%25"),
            other => key.push(other),
        }
    }
}
