//! A saga whose methods say in which span they run, and in which trace.

use std::sync::{Arc, Mutex};

use sagas::Builder;
use sagas::prelude::*;
use sagas::trace::TraceContext;

use super::collector::Collector;
use crate::support::probe::Probe;
use crate::support::world::World;

/// What a method found around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// `step`, `step/check` or `step/compensate`.
    pub(super) what: &'static str,
    pub(super) instance: String,
    /// The span it runs in, by its place among the spans.
    pub(super) current: Option<usize>,
    /// The span its context has.
    pub(super) own: Option<usize>,
    pub(super) trace: Option<TraceContext>,
}

/// Who looks around.
#[derive(Debug, Clone, Default)]
pub(super) struct Eyes {
    pub(super) world: World,
    pub(super) collector: Collector,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Eyes {
    pub(super) fn of(world: World) -> Self {
        Self { world, ..Self::default() }
    }

    /// Everything that was seen, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The traces that the methods of an instance found, in order.
    pub(super) fn traces(&self, instance: &str) -> Vec<Option<TraceContext>> {
        self.seen().into_iter().filter(|seen| seen.instance == instance).map(|seen| seen.trace).collect()
    }

    fn look(&self, what: &'static str, cx: &StepContext) {
        tracing::info!("{what} was called");
        let own = cx.span().id().map(|id| usize::try_from(id.into_u64()).unwrap() - 1);
        let (instance, trace) = (cx.instance_id().to_owned(), cx.trace_context().cloned());
        let current = self.collector.current();
        self.seen.lock().unwrap().push(Seen { what, instance, current, own, trace });
    }
}

/// Written, copied twice, sent, and answered by another saga.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) eyes: Eyes,
}

#[saga(name = "letter", version = 3)]
impl Letter {
    #[step(compensate = tear_up, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn write(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.eyes.look("write", cx);
        self.eyes.world.forward(cx).await
    }
    async fn tear_up(&self, cx: &StepContext) -> Result<(), StepError> {
        self.eyes.look("write/compensate", cx);
        self.eyes.world.compensate(cx).await
    }

    #[step(for_each = recipients, compensate = shred, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn copy(&self, cx: &StepContext, item: &u32) -> Result<u32, StepError> {
        let _ = item;
        self.eyes.look("copy", cx);
        self.eyes.world.forward(cx).await
    }
    fn recipients(&self) -> Vec<u32> {
        vec![7, 8]
    }
    async fn shred(&self, cx: &StepContext) -> Result<(), StepError> {
        self.eyes.look("copy/compensate", cx);
        self.eyes.world.compensate(cx).await
    }

    #[step(compensate = recall, in_doubt = check(find), retry(attempts = 2, initial = "10ms"))]
    async fn send(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.eyes.look("send", cx);
        self.eyes.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms"))]
    async fn find(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.eyes.look("send/check", cx);
        self.eyes.world.check(cx).await
    }
    async fn recall(&self, cx: &StepContext) -> Result<(), StepError> {
        self.eyes.look("send/compensate", cx);
        self.eyes.world.compensate(cx).await
    }

    #[step(child = Reply)]
    fn reply(&self, send: &u32) -> u32 {
        *send
    }
}

/// The saga that is a step of [`Letter`].
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) eyes: Eyes,
}

#[saga(name = "reply")]
impl Reply {
    #[step(compensate = forget, idempotent, retry(initial = "10ms"))]
    async fn answer(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        let _ = input;
        self.eyes.look("answer", cx);
        self.eyes.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms", max = "10ms"))]
    async fn forget(&self, cx: &StepContext) -> Result<(), StepError> {
        self.eyes.look("answer/compensate", cx);
        self.eyes.world.compensate(cx).await
    }
}

/// An orchestrator of both, to be built.
pub(super) fn builder(store: Probe, eyes: &Eyes) -> Builder {
    Orchestrator::builder(store)
        .register(Letter { eyes: eyes.clone() })
        .register(Reply { eyes: eyes.clone() })
}
