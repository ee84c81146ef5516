//! Steps that say what doubt means, and steps that know none.

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

/// `a`, which is compensated in doubt, then `b`, which only reads, then `c`, which parks in doubt.
#[derive(Debug)]
pub(crate) struct Doubt(Services);

#[saga(input = u32)]
impl Doubt {
    #[step(compensate = cancel_a, in_doubt = compensate, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(read_only, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }

    #[step(compensate = cancel_c, in_doubt = park, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Doubt {
    const SHAPE: &'static str = "doubt";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Blind), &[]),
        Place::new("b", Kind::ReadOnly, &["a"]),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then the pivot `b` and `d`, which park in doubt, and between them `c`, which only reads.
#[derive(Debug)]
pub(crate) struct ParkedPivot(Services);

#[saga(input = u32)]
impl ParkedPivot {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(pivot, in_doubt = park, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }

    #[step(read_only, timeout = "1s", retry(initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }

    #[step(retriable, in_doubt = park, timeout = "1s", retry(initial = "10ms"))]
    async fn d(&self, cx: &StepContext, _c: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
}

impl Shape for ParkedPivot {
    const SHAPE: &'static str = "parked-pivot";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Pivot(Service::Blind), &["a"]),
        Place::new("c", Kind::ReadOnly, &["b"]),
        Place::new("d", Kind::Retriable(Service::Blind), &["c"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}
