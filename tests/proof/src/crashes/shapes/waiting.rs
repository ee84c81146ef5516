//! A step that waits, and steps that may not run.

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Runs, Service, Shape};

/// `a`, then `b` after a delay that is longer than two processes take to begin, then `c`.
#[derive(Debug)]
pub(crate) struct Delay(Services);

#[saga(input = u32)]
impl Delay {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), delay = "65s", timeout = "1s", retry(attempts = 2, initial = "10ms"))]
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

    #[step(compensate = cancel_c, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Delay {
    const SHAPE: &'static str = "delay";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Checked), &["a"]),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then `b` since its condition holds, then `c`.
#[derive(Debug)]
pub(crate) struct Conditional(Services);

#[saga(input = u32)]
impl Conditional {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, when = holds, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
    fn holds(&self, input: &u32) -> bool {
        self.0.answer("b", *input > 0, *input == 0)
    }

    #[step(compensate = cancel_c, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: Option<&u32>) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Conditional {
    const SHAPE: &'static str = "conditional";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then not `b`, since its condition does not hold, then `c`.
#[derive(Debug)]
pub(crate) struct Skipped(Services);

#[saga(input = u32)]
impl Skipped {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, when = holds, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
    fn holds(&self, input: &u32) -> bool {
        self.0.answer("b", *input > 0, *input == 0)
    }

    #[step(compensate = cancel_c, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: Option<&u32>) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Skipped {
    const SHAPE: &'static str = "skipped";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]).runs(Runs::Never),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];
    const INPUT: u32 = 0;

    fn over(services: Services) -> Self {
        Self(services)
    }
}
