//! Starting the attempt that a durable entry announced.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{Instrument, debug};

use crate::context::{Attempt, StepContext};
use crate::definition::Definition;
use crate::id::{StepIndex, StepName};
use crate::latch::Latch;
use crate::machine::{AttemptEnd, Input};
use crate::outcome::Failure;
use crate::private::{Call, Encoding, Role};
use crate::runtime::attempt;
use crate::runtime::instance::Live;
use crate::runtime::intercept::Intercepted;
use crate::runtime::limits::Permit;
use crate::runtime::recovery::Suspicion;
use crate::runtime::shutdown::Lifecycle;
use crate::runtime::trace;

/// What to run.
pub(crate) struct Order {
    pub(crate) role: Role,
    pub(crate) step: StepIndex,
    pub(crate) item: Option<u32>,
    name: StepName,
    attempt: u32,
    timeout: Duration,
}

/// What an attempt finds around it.
pub(crate) struct Surroundings {
    /// Tells that its outcome is no longer wanted.
    pub(crate) cancelled: Option<Arc<Latch>>,
    /// Why the instance compensates.
    pub(crate) failure: Option<Failure>,
    /// Its share of its step's limit.
    pub(crate) permit: Option<Permit>,
    /// It is under suspicion until it has ended.
    pub(crate) suspicion: Option<Arc<Suspicion>>,
}

impl Order {
    /// The order to run an attempt of the step `name`, if the saga has it.
    pub(crate) fn new(
        definition: &Definition,
        role: Role,
        name: &StepName,
        item: Option<u32>,
        attempt: u32,
    ) -> Option<Self> {
        let step = definition.index_of(name)?;
        let timeout = timeout_of(definition, step, role)?;
        Some(Self { role, step, item, name: name.clone(), attempt, timeout })
    }
}

/// The time that an attempt may take.
pub(crate) fn timeout_of(definition: &Definition, step: StepIndex, role: Role) -> Option<Duration> {
    let step = definition.step(step)?;
    match role {
        Role::Step => Some(step.timeout),
        Role::Check => Some(step.check.as_ref()?.timeout),
        Role::Compensation => Some(step.compensation.as_ref()?.timeout),
    }
}

/// What the machine is told of an attempt's end.
pub(crate) fn input_of(
    role: Role,
    step: StepIndex,
    item: Option<u32>,
    attempt: u32,
    end: AttemptEnd,
) -> Input {
    match role {
        Role::Step => Input::StepEnded { step, item, attempt, end },
        Role::Check => Input::CheckEnded { step, item, attempt, end },
        Role::Compensation => Input::CompensationEnded { step, item, attempt, end },
    }
}

/// Runs an attempt in a task of its own.
pub(crate) fn spawn(live: Arc<Live>, order: Order, around: Surroundings) -> AbortHandle {
    let running = Lifecycle::work(live.shared());
    let runtime = live.shared().runtime.clone();
    let shared = Arc::clone(live.shared());
    let Surroundings { cancelled, failure, permit, suspicion } = around;
    let task = runtime.spawn(async move {
        // Here, and not before: what a subscriber makes of a span does not hold up the commit that is under way.
        let span = trace::of_attempt(
            live.span(),
            order.role,
            live.saga().definition(),
            live.id(),
            (&order.name, order.item, order.attempt),
        );
        run(live, order, cancelled, failure, suspicion, span.clone()).instrument(span).await;
        if permit.is_some() {
            drop(permit);
            shared.serve_line();
        }
        drop(running);
    });
    task.abort_handle()
}

async fn run(
    live: Arc<Live>,
    order: Order,
    cancelled: Option<Arc<Latch>>,
    failure: Option<Failure>,
    suspicion: Option<Arc<Suspicion>>,
    span: tracing::Span,
) {
    let shared = live.shared();
    let Order { role, step, item, name, attempt, timeout } = order;
    let Some(memory) = live.memory() else {
        return live.stop("its values cannot be read");
    };
    let begun = Instant::now();
    let cx = StepContext::new(Attempt {
        namespace: shared.settings.namespace.as_deref(),
        saga: live.saga().definition().name(),
        instance: live.id().clone(),
        step: name,
        item,
        attempt,
        compensation: role == Role::Compensation,
        deadline: begun.checked_add(timeout),
        cancelled,
        trace: live.trace().cloned(),
        span,
    });
    let encoding = Encoding::Json { bytes_max: shared.settings.payload_bytes_max };
    let at = item.and_then(|item| usize::try_from(item).ok());
    let end = match &shared.settings.intercept {
        None => {
            let call =
                Call { step: step.get(), item: at, role, cx: &cx, failure: failure.as_ref(), encoding };
            attempt::run(|| memory.call(call), timeout).await
        }
        Some(intercept) => {
            let definition = Arc::clone(live.saga().definition());
            let memory = Arc::clone(memory);
            let call = Intercepted { memory, definition, role, step, item, cx, failure, encoding };
            attempt::run(|| intercept.call(call), timeout).await
        }
    };
    live.meters().ended(role, step, &end, begun);
    tell(&end);
    if let Some(suspicion) = suspicion {
        live.clear(suspicion);
    }
    live.attempt_ended(step, item, input_of(role, step, item, attempt, end));
}

/// Writes down how an attempt ended; the text of an error is in the journal, and not repeated here.
fn tell(end: &AttemptEnd) {
    match end {
        AttemptEnd::Succeeded(_) => debug!("succeeded"),
        AttemptEnd::Failed(fault) => debug!(kind = ?fault.kind, code = fault.code.as_deref(), "failed"),
        AttemptEnd::NothingDone => debug!("nothing was done"),
        AttemptEnd::Unknown => debug!("the service does not know"),
    }
}
