//! A step that is a saga.

use sagas::Builder;
use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

/// `p`, then `q`.
#[derive(Debug)]
pub(crate) struct Part(Services);

#[saga(input = u32)]
impl Part {
    #[step(compensate = cancel_p, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn p(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_p(&self, cx: &StepContext, _p: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_q, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn q(&self, cx: &StepContext, _p: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_q(&self, cx: &StepContext, _q: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

/// `a`, then `b`, which is a [`Part`], then `c`.
#[derive(Debug)]
pub(crate) struct Child(Services);

#[saga(input = u32)]
impl Child {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(child = Part)]
    fn b(&self, a: &u32) -> u32 {
        self.0.answer("b", *a, *a)
    }

    #[step(compensate = cancel_c, in_doubt = check(find_c), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn find_c(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Child {
    const SHAPE: &'static str = "child";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Child, &["a"]),
        Place::new("p", Kind::Compensatable(Service::Idempotent), &[]).of_child("b"),
        Place::new("q", Kind::Compensatable(Service::Blind), &["p"]).of_child("b"),
        Place::new("c", Kind::Compensatable(Service::Checked), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }

    fn register(builder: Builder, services: &Services) -> Builder {
        builder.register(Self::over(services.clone())).register(Part(services.clone()))
    }
}
