//! Setting up an orchestrator.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::{Span, error};

use crate::error::Error;
use crate::journal::TraceContext;
use crate::runtime::attention::Attention;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::intercept::Intercept;
use crate::runtime::orchestrator::Orchestrator;
use crate::runtime::registry::{AnySaga, Registry};
use crate::runtime::shared::{Settings, Shared};
use crate::runtime::summary::InstanceSummary;
use crate::runtime::trace::Tracing;
use crate::runtime::{metrics, purge, recovery, shutdown, stay};
use crate::saga::Saga;
use crate::store::{Defined, InUse, Store};

/// The instances driven at once if nothing is said.
pub const DEFAULT_MAX_ACTIVE: usize = 1024;

/// The most bytes of an input or output if nothing is said: 1 MiB.
pub const DEFAULT_PAYLOAD_LIMIT: usize = 1024 * 1024;

/// How long running attempts may go on at a shutdown if nothing is said.
pub const DEFAULT_SHUTDOWN_GRACE: Duration = Duration::from_secs(20);

/// The longest name of a namespace, in bytes: it is a part of every idempotency key.
const NAMESPACE_BYTES_MAX: usize = 64;

/// Sets up an [`Orchestrator`]; made by [`Orchestrator::builder`].
#[must_use = "nothing runs until `.build()`"]
pub struct Builder {
    store: Box<dyn Store>,
    registry: Registry,
    settings: Settings,
    clock: Option<Arc<dyn Clock>>,
    retain_for: Option<Duration>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("sagas", &self.registry)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new(store: impl Store + 'static) -> Self {
        Self {
            store: Box::new(store),
            registry: Registry::default(),
            settings: Settings {
                max_active: DEFAULT_MAX_ACTIVE,
                payload_bytes_max: DEFAULT_PAYLOAD_LIMIT,
                shutdown_grace: DEFAULT_SHUTDOWN_GRACE,
                namespace: None,
                intercept: None,
                tracing: Tracing::default(),
                max_queued: None,
                attention: Attention::default(),
            },
            clock: None,
            retain_for: None,
        }
    }

    /// Lets the orchestrator drive instances of the saga `S`, with the services that `flow` holds.
    pub fn register<S: Saga>(mut self, flow: S) -> Self {
        self.registry.register(flow);
        self
    }

    /// The same with a saga that others hold too, such as the lives of a process that a test lets die.
    #[doc(hidden)]
    pub fn register_shared<S: Saga>(mut self, flow: Arc<S>) -> Self {
        self.registry.register_shared(flow);
        self
    }

    /// Puts `intercept` between the runtime and the users' methods.
    #[doc(hidden)]
    pub fn intercept(mut self, intercept: Arc<dyn Intercept>) -> Self {
        self.settings.intercept = Some(intercept);
        self
    }

    /// How many instances are driven at once; 1,024 if nothing is said. Beyond it a started instance is durable
    /// and queued.
    pub fn max_active(mut self, instances: usize) -> Self {
        self.settings.max_active = instances;
        self
    }

    /// How many started instances may wait for a place among those that are driven; any number if nothing is said. Beyond
    /// it a start is [`Error::Overloaded`], and nothing is started. Children are started all the same, and what a crash
    /// left behind is not counted.
    pub fn max_queued(mut self, instances: usize) -> Self {
        self.settings.max_queued = Some(instances);
        self
    }

    /// The most bytes that an input or an output may have as JSON; 1 MiB if nothing is said. A larger input is
    /// [`Error::PayloadTooLarge`], a larger output leaves its attempt in doubt.
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.settings.payload_bytes_max = bytes;
        self
    }

    /// How long running attempts may go on at a [shutdown](Orchestrator::shutdown); 20 s if nothing is said.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.settings.shutdown_grace = grace;
        self
    }

    /// Makes `name` the first part of every idempotency key, so that staging and production never share one.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.settings.namespace = Some(name.into().into());
        self
    }

    /// How to find out in which trace a caller of [`start`](Orchestrator::start) is. `capture` is called there, in
    /// the caller's own task. What it says is kept in the journal with the instance, and with its children, so that
    /// the trace goes on after a crash; a `start` of an instance that was started before changes nothing.
    ///
    /// If it panics the instance has no trace.
    pub fn trace_context(
        mut self,
        capture: impl Fn() -> Option<TraceContext> + Send + Sync + 'static,
    ) -> Self {
        self.settings.tracing.capture = Some(Arc::new(capture));
        self
    }

    /// What to do with the span of an instance that was started in a trace, such as making it a part of that trace.
    /// `adopt` is called once for each such span, before anything runs in it: after a start, and whenever the instance
    /// is read back, by a later process too. It has to be quick, since the instance waits for it.
    ///
    /// If it panics the span stays as it is.
    pub fn adopt_trace(mut self, adopt: impl Fn(&Span, &TraceContext) + Send + Sync + 'static) -> Self {
        self.settings.tracing.adopt = Some(Arc::new(adopt));
        self
    }

    /// Calls `tell` when an instance parks, when one becomes flagged as needing attention, and when one turns out to be
    /// unreadable, once that is durable; not for what was so before. It is called in a task of the runtime: it may panic,
    /// and what takes long is better handed on.
    ///
    /// After a crash it may have been told of nothing that happened just before: ask for
    /// [`instances`](Orchestrator::instances) then.
    pub fn on_attention(mut self, tell: impl Fn(&InstanceSummary) + Send + Sync + 'static) -> Self {
        self.settings.attention = Attention::of(tell);
        self
    }

    /// Deletes instances in the background once they have been ended for this long; for ever kept if nothing is said.
    /// See [`Orchestrator::purge`].
    pub fn retain_for(mut self, time: Duration) -> Self {
        self.retain_for = Some(time);
        self
    }

    /// Where wall time comes from; the system's clock if nothing is said.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Opens for business, and goes on with what a crash left unfinished: in the background, by pages, and
    /// without holding up what is started now.
    ///
    /// # Errors
    /// - [`Error::NothingRegistered`], [`Error::RegisteredTwice`], [`Error::InvalidSetting`]: a mistake in the
    ///   calls before this one; the text says which.
    /// - [`Error::DefinitionChanged`]: the store has unfinished instances of a saga under the same name and
    ///   version but with other steps. Give the new one another version, and register both until the old
    ///   instances have ended.
    /// - [`Error::Store`]: the store cannot be read or written.
    /// - [`Error::NoRuntime`]: there is no tokio runtime.
    pub async fn build(self) -> Result<Orchestrator, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        self.check()?;
        let Self { store, registry, settings, clock, retain_for } = self;
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        for saga in registry.sagas() {
            define(&*store, &**saga).await?;
        }
        let epoch = stay::join(&*store, clock.now().into()).await?;
        let unclean = store.left_behind(epoch).await?.unclean;
        let shared = Shared::new(store, clock, registry, settings, epoch, unclean, runtime);
        supervise(&shared, "committing", Arc::clone(&shared).commit());
        supervise(&shared, "recovery", recovery::run(Arc::clone(&shared)));
        supervise(&shared, "keeping the lease", stay::keep(Arc::clone(&shared)));
        metrics::watch(&shared);
        if let Some(time) = retain_for {
            drop(tokio::spawn(purge::retain(Arc::clone(&shared), time)));
        }
        Ok(Orchestrator::new(shared))
    }

    fn check(&self) -> Result<(), Error> {
        self.registry.check()?;
        if self.settings.max_active == 0 {
            let (setting, value) = ("max_active", "0".to_owned());
            return Err(Error::InvalidSetting { setting, value, why: "then no instance could be driven" });
        }
        let Some(namespace) = self.settings.namespace.as_deref() else { return Ok(()) };
        let why = match namespace {
            "" => "it must not be empty",
            long if long.len() > NAMESPACE_BYTES_MAX => "it has at most 64 bytes",
            odd if odd.chars().any(char::is_control) => "it has no control characters",
            _ => return Ok(()),
        };
        Err(Error::InvalidSetting { setting: "namespace", value: format!("{namespace:?}"), why })
    }
}

/// Runs a part that everything depends on. If it panics, as a store or a clock may, the orchestrator ends: who waits
/// is told, and nobody waits for ever.
fn supervise(shared: &Arc<Shared>, part: &'static str, run: impl Future<Output = ()> + Send + 'static) {
    let running = tokio::spawn(run);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if running.await.is_err_and(|ended| ended.is_panic()) {
            error!(part, "it panicked: the orchestrator ends");
            shutdown::fail(&shared);
        }
    });
}

/// Keeps the saga's shape, unless unfinished instances have another one under the same version.
async fn define(store: &dyn Store, saga: &dyn AnySaga) -> Result<(), Error> {
    let definition = saga.definition();
    let (name, version) = (definition.name(), definition.version());
    let shape = definition.shape();
    for (other, in_use) in store.defined(name, version).await? {
        if other.shape != shape && in_use == InUse::Yes {
            let differences = other.shape.differences(&shape).join("; ");
            let what = format!(
                "version {version} has unfinished instances with other steps ({differences}); register this one as another version"
            );
            return Err(Error::DefinitionChanged { saga: name.to_string(), what });
        }
    }
    store.define(&Defined { saga: name.to_string(), version, shape }).await?;
    Ok(())
}
