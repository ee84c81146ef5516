//! Steps that cannot be taken back, and those after them.

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

/// `a`, `b`, then the pivot `c`, which is idempotent.
#[derive(Debug)]
pub(crate) struct Pivot(Services);

#[saga(input = u32)]
impl Pivot {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(pivot, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
}

impl Shape for Pivot {
    const SHAPE: &'static str = "pivot";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Blind), &["a"]),
        Place::new("c", Kind::Pivot(Service::Idempotent), &["b"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then the pivot `b`, which can be asked, then `c` and `d`, which are tried until they succeed.
#[derive(Debug)]
pub(crate) struct Tail(Services);

#[saga(input = u32)]
impl Tail {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(pivot, in_doubt = check(find_b), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn find_b(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }

    #[step(retriable, idempotent, timeout = "1s", retry(initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }

    #[step(retriable, in_doubt = check(find_d), timeout = "1s", retry(initial = "10ms"))]
    async fn d(&self, cx: &StepContext, _c: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn find_d(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }
}

impl Shape for Tail {
    const SHAPE: &'static str = "retriable-tail";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Pivot(Service::Checked), &["a"]),
        Place::new("c", Kind::Retriable(Service::Idempotent), &["b"]),
        Place::new("d", Kind::Retriable(Service::Checked), &["c"]),
    ];

    fn over(services: Services) -> Self {
        Self(services)
    }
}
