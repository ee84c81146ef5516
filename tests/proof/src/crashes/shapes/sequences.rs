//! One to five steps in a row, each with a compensation. Services that are idempotent, that can be asked, and that
//! know nothing take turns.

use sagas::prelude::*;

use crate::crashes::services::Services;
use crate::crashes::shape::{Kind, Place, Service, Shape};

const A: Place = Place::new("a", Kind::Compensatable(Service::Idempotent), &[]);
const B: Place = Place::new("b", Kind::Compensatable(Service::Checked), &["a"]);
const C: Place = Place::new("c", Kind::Compensatable(Service::Blind), &["b"]);
const D: Place = Place::new("d", Kind::Compensatable(Service::Idempotent), &["c"]);
const E: Place = Place::new("e", Kind::Compensatable(Service::Checked), &["d"]);

/// `a`.
#[derive(Debug)]
pub(crate) struct One(Services);

#[saga(input = u32)]
impl One {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext, _input: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for One {
    const SHAPE: &'static str = "sequence-1";
    const PLACES: &'static [Place] = &[A];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, `b`.
#[derive(Debug)]
pub(crate) struct Two(Services);

#[saga(input = u32)]
impl Two {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext, _input: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
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
}

impl Shape for Two {
    const SHAPE: &'static str = "sequence-2";
    const PLACES: &'static [Place] = &[A, B];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, `b`, `c`.
#[derive(Debug)]
pub(crate) struct Three(Services);

#[saga(input = u32)]
impl Three {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext, _input: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
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

impl Shape for Three {
    const SHAPE: &'static str = "sequence-3";
    const PLACES: &'static [Place] = &[A, B, C];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, `b`, `c`, `d`.
#[derive(Debug)]
pub(crate) struct Four(Services);

#[saga(input = u32)]
impl Four {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext, _input: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
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

    #[step(compensate = cancel_d, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn d(&self, cx: &StepContext, _c: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_d(&self, cx: &StepContext, _d: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Four {
    const SHAPE: &'static str = "sequence-4";
    const PLACES: &'static [Place] = &[A, B, C, D];

    fn over(services: Services) -> Self {
        Self(services)
    }
}

/// `a`, `b`, `c`, `d`, `e`.
#[derive(Debug)]
pub(crate) struct Five(Services);

#[saga(input = u32)]
impl Five {
    #[step(compensate = cancel_a, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn a(&self, cx: &StepContext, _input: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_a(&self, cx: &StepContext, _a: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_b, in_doubt = check(find_b), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
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

    #[step(compensate = cancel_d, idempotent, timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn d(&self, cx: &StepContext, _c: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_d(&self, cx: &StepContext, _d: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }

    #[step(compensate = cancel_e, in_doubt = check(find_e), timeout = "1s", retry(attempts = 2, initial = "10ms"))]
    async fn e(&self, cx: &StepContext, _d: &u32) -> Result<u32, StepError> {
        self.0.forward(cx).await
    }
    #[policy(timeout = "1s")]
    async fn find_e(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        self.0.check(cx).await
    }
    #[policy(timeout = "1s")]
    async fn cancel_e(&self, cx: &StepContext, _e: &u32) -> Result<(), StepError> {
        self.0.compensate(cx).await
    }
}

impl Shape for Five {
    const SHAPE: &'static str = "sequence-5";
    const PLACES: &'static [Place] = &[A, B, C, D, E];

    fn over(services: Services) -> Self {
        Self(services)
    }
}
