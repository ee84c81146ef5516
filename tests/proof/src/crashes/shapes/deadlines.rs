//! Sagas with a deadline. It passes while a call is late or hangs, and while processes begin: not while one does, but
//! while two do.

use std::time::Duration;

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

/// `a`, `b`, `c`, and not for ever.
#[derive(Debug)]
pub(crate) struct Deadline(Services);

#[saga(input = u32, deadline = "40s")]
impl Deadline {
    #[step(compensate = cancel_a, idempotent, timeout = "45s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "45s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), timeout = "45s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "45s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
    #[policy(timeout = "45s")]
    async fn find_b(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }

    #[step(compensate = cancel_c, timeout = "45s", retry(attempts = 2, initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "45s")]
    async fn cancel_c(&self, cx: &StepContext, _c: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Deadline {
    const SHAPE: &'static str = "deadline";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Idempotent), &[]),
        Place::new("b", Kind::Compensatable(Service::Checked), &["a"]),
        Place::new("c", Kind::Compensatable(Service::Blind), &["b"]),
    ];
    const DEADLINE: Option<Duration> = Some(Duration::from_secs(40));

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then the pivot `b`, and not for ever, then `c`, which is tried until it succeeds.
#[derive(Debug)]
pub(crate) struct DeadlinePivot(Services);

#[saga(input = u32, deadline = "40s")]
impl DeadlinePivot {
    #[step(compensate = cancel_a, timeout = "45s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "45s")]
    async fn cancel_a(&self, cx: &StepContext, _a: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(pivot, idempotent, timeout = "45s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }

    #[step(retriable, idempotent, timeout = "45s", retry(initial = "10ms"))]
    async fn c(&self, cx: &StepContext, _b: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
}

impl Shape for DeadlinePivot {
    const SHAPE: &'static str = "deadline-pivot";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Blind), &[]),
        Place::new("b", Kind::Pivot(Service::Idempotent), &["a"]),
        Place::new("c", Kind::Retriable(Service::Idempotent), &["b"]),
    ];
    const DEADLINE: Option<Duration> = Some(Duration::from_secs(40));

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, then `b` after a delay that is longer than the saga has.
#[derive(Debug)]
pub(crate) struct DeadlineDelay(Services);

#[saga(input = u32, deadline = "40s")]
impl DeadlineDelay {
    #[step(compensate = cancel_a, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: Option<&u32>) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, idempotent, delay = "65s", timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn b(&self, cx: &StepContext, _a: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_b(&self, cx: &StepContext, _b: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for DeadlineDelay {
    const SHAPE: &'static str = "deadline-delay";
    const PLACES: &'static [Place] = &[
        Place::new("a", Kind::Compensatable(Service::Blind), &[]),
        Place::new("b", Kind::Compensatable(Service::Idempotent), &["a"]),
    ];
    const DEADLINE: Option<Duration> = Some(Duration::from_secs(40));

    fn over(services: Services) -> Self {
        Self(services)
    }
}
