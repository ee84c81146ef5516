//! What only the inside shows.

mod stays;

use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::definition::{Definition, StepDefinition, StepKind};
use crate::error::Error;
use crate::private::{AnySlot, Call, Calling, Memory};
use crate::runtime::Orchestrator;
use crate::saga::{Saga, Step};
use crate::store::MemoryStore;

/// Its step never ends.
struct Stuck;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Wait;

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Step for Wait {
    const ALL: &'static [Self] = &[Self];

    fn name(&self) -> &'static str {
        "wait"
    }
}

impl Saga for Stuck {
    type Input = ();
    type Output = ();
    type Step = Wait;
    type Outputs = ();
    type Pivot = ();
    const NAME: &'static str = "stuck";

    fn definition() -> Definition {
        Definition::new(Self::NAME, 1, vec![StepDefinition::new("wait", StepKind::ReadOnly)], 0)
    }

    fn outputs() -> Self::Outputs {}

    fn slot((): &Self::Outputs, _step: usize) -> Option<&dyn AnySlot> {
        None
    }

    fn output((): Self::Outputs) -> Option<Self::Output> {
        Some(())
    }

    fn call<'a>(&'a self, _call: Call<'a>, _memory: &'a Memory<Self>) -> Calling<'a> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_for_an_outcome_is_forgotten() {
    let builder = Orchestrator::builder(MemoryStore::new()).register(Stuck);
    let orchestrator = builder.build().await.expect("it is built");
    let stuck = orchestrator.start::<Stuck>("stuck-1", ()).await.expect("it is started");
    let shared = stuck.shared();
    {
        let (mut one, mut other) = (pin!(stuck.outcome()), pin!(stuck.outcome()));
        let both = poll_fn(|cx| {
            let is_waiting = one.as_mut().poll(cx).is_pending() && other.as_mut().poll(cx).is_pending();
            Poll::Ready(is_waiting)
        });
        assert!(both.await, "it does not end");
        assert_eq!(shared.waiting(), 1, "for one instance");
    }
    assert_eq!(shared.waiting(), 0, "they were dropped");
    for number in 0..10 {
        let unknown = orchestrator.handle::<Stuck>(format!("unknown-{number}"));
        assert!(matches!(unknown.outcome().await, Err(Error::NotFound { .. })));
    }
    assert_eq!(shared.waiting(), 0, "they were told");
    orchestrator.shutdown().await;
}
