//! Steps that run at once.

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Runs, Service, Shape};

/// `a`, then `b` beside `c`, then `d`.
#[derive(Debug)]
pub(crate) struct Diamond(Services);

#[saga(input = u32)]
impl Diamond {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), after(a), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn find_b(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_c, idempotent, after(a), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_d, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn d(&self, cx: &StepContext, _b: &u32, _c: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_d(&self, cx: &StepContext, _d: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Diamond {
    const SHAPE: &'static str = "diamond";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Checked), &["a"]),
        Place::new("c", Kind::Compensatable(Service::Idempotent), &["a"]),
        Place::new("d", Kind::Compensatable(Service::Blind), &["b", "c"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then `b` for each of three items, then `c`.
#[derive(Debug)]
pub(crate) struct FanOut(Services);

#[saga(input = u32)]
impl FanOut {
    #[step(compensate = cancel_a, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, for_each = items, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _item: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
    fn items(&self) -> Vec<u32> {
        self.0.answer("b", vec![1, 2, 3], vec![1, 2])
    }

    #[step(compensate = cancel_c, in_doubt = check(find_c), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &[u32]) -> Result<u32, StepError> {
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

impl Shape for FanOut {
    const SHAPE: &'static str = "fan-out";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Blind), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]).runs(Runs::Items),
        Place::new("c", Kind::Compensatable(Service::Checked), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}
