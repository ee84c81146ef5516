//! Steps that wait for a message.

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use crate::crashes::act::Method;
use crate::crashes::recorder::Recorder;
use crate::crashes::seen::{Seen, Told};
use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

/// What steps wait for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Approved;

/// `a`, then `b`, which waits for a message, then `c`.
#[derive(Debug)]
pub(crate) struct Signal(Services);

#[saga(input = u32)]
impl Signal {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, signal, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32, _signal: &Approved) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_c, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Signal {
    const SHAPE: &'static str = "signal";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }

    async fn meet(handle: &Handle<Self>, recorder: &Recorder) -> Result<(), sagas::Error> {
        let (wait, messages) = recorder.ask("b", Method::Message).messages();
        tokio::time::sleep(wait).await;
        for name in messages {
            handle.signal(*name, Approved).await?;
            recorder.note(Seen::Told(Told::Signalled(name)));
        }
        Ok(())
    }
}

/// `a`, then `b`, which waits for a message, but not for ever, then `c`.
#[derive(Debug)]
pub(crate) struct Within(Services);

#[saga(input = u32)]
impl Within {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, signal, within = "65s", timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32, _signal: &Approved) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_c, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Within {
    const SHAPE: &'static str = "signal-within";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]).may_be_missed(),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }

    async fn meet(handle: &Handle<Self>, recorder: &Recorder) -> Result<(), sagas::Error> {
        let (wait, messages) = recorder.ask("b", Method::Message).messages();
        tokio::time::sleep(wait).await;
        for name in messages {
            handle.signal(*name, Approved).await?;
            recorder.note(Seen::Told(Told::Signalled(name)));
        }
        Ok(())
    }
}
