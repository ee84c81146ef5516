//! What drives instances: the part that users hold.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::id::InstanceId;
use crate::private::encode;
use crate::runtime::any_handle::AnyHandle;
use crate::runtime::builder::Builder;
use crate::runtime::filter::{Filter, Page};
use crate::runtime::handle::Handle;
use crate::runtime::report::InstanceReport;
use crate::runtime::resolution::Resolution;
use crate::runtime::shared::Shared;
use crate::runtime::shutdown::{self, LastClone};
use crate::runtime::start::{self, Start};
use crate::runtime::summary::InstanceSummary;
use crate::runtime::verdict::{Verdict, What};
use crate::runtime::{bulk, purge, query, report};
use crate::saga::Saga;
use crate::store::{Store, StoreErrorKind};

/// Who decides if nothing is said.
const DEFAULT_WHO: &str = "orchestrator";

/// Drives the instances of sagas, so that after any crash each completes, or has every effect compensated, or
/// is parked.
///
/// Clones are one orchestrator. Dropping the last one is a [shutdown](Self::shutdown) that does not wait.
#[derive(Clone)]
pub struct Orchestrator {
    shared: Arc<Shared>,
    who: Arc<str>,
    _last: Arc<LastClone>,
}

impl fmt::Debug for Orchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orchestrator").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Orchestrator {
    /// Sets up an orchestrator whose journals are in `store`.
    pub fn builder(store: impl Store + 'static) -> Builder {
        Builder::new(store)
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let last = Arc::new(LastClone::of(&shared));
        Self { shared, who: DEFAULT_WHO.into(), _last: last }
    }

    /// The same orchestrator, in the name of `who`: that is what the journal says of who cancelled, reverted or
    /// resolved through it and its handles.
    #[must_use]
    pub fn acting_as(&self, who: impl Into<String>) -> Self {
        Self { who: who.into().into(), ..self.clone() }
    }

    /// Starts an instance of the saga `S`, or finds the one that was started with the same id, saga and input.
    ///
    /// Once it returns the instance is durable: it goes on in the background, after a crash too. It waits for
    /// no other instance. If the returned future is dropped, the instance is either started or not.
    ///
    /// # Errors
    /// - [`Error::InvalidId`], [`Error::PayloadTooLarge`], [`Error::NotEncodable`]: nothing was started.
    /// - [`Error::Conflict`]: the id is taken by another saga or input; choose another.
    /// - [`Error::NotRegistered`]: register the saga with the builder.
    /// - [`Error::Store`]: it is not known whether it was started. Ask again with the same id: that starts it at
    ///   most once.
    /// - [`Error::Unreadable`]: an instance of this id exists, and its input cannot be read to be compared.
    /// - [`Error::ShuttingDown`]: nothing was started.
    pub async fn start<S: Saga>(&self, id: impl Into<String>, input: S::Input) -> Result<Handle<S>, Error> {
        let id = InstanceId::new(id)?;
        let trace = self.shared.settings.tracing.capture();
        let saga = self.shared.registry.typed::<S>()?;
        let not_encodable = |message| Error::NotEncodable { id: id.clone(), message };
        let payload = encode(&input).map_err(not_encodable)?;
        let memory = saga.instance(input);
        let start = Start { id: id.clone(), saga, memory, input: payload, parent: None, trace };
        start::start(&self.shared, start).await?;
        Ok(self.handle(id.as_str()))
    }

    /// The handle of an instance, whether it exists or not: an unknown id is [`Error::NotFound`] from the
    /// handle's methods, as is a text that cannot be an id.
    pub fn handle<S: Saga>(&self, id: impl Into<String>) -> Handle<S> {
        Handle::new(self.instance(id))
    }

    /// The same, whatever its saga.
    pub fn instance(&self, id: impl Into<String>) -> AnyHandle {
        AnyHandle::new(Arc::clone(&self.shared), &id.into(), Arc::clone(&self.who))
    }

    /// Decides how a parked instance goes on: everything of it that is parked, which has to be one step or item unless
    /// it is tried again or skipped. Once it returns the decision is in the journal, with who made it (see
    /// [`acting_as`](Self::acting_as)) and why. If the returned future is dropped, it is decided or not.
    ///
    /// # Errors
    /// - [`Error::NotParked`]: there is nothing to decide.
    /// - [`Error::NotApplicable`]: what is parked cannot go on like this, or several steps are parked; the text says
    ///   what can be done, and nothing was decided.
    /// - [`Error::WrongOutput`], [`Error::PayloadTooLarge`], [`Error::NotEncodable`]: the output is not one that the
    ///   step can have; nothing was decided.
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::NotRegistered`]: register the saga, in the version of the instance.
    /// - [`Error::Unreadable`]: a version of the program that reads its journal can resolve it.
    /// - [`Error::Stopped`]: another worker has it; ask there.
    /// - [`Error::Store`]: it is not known whether the decision was written; ask for the status.
    /// - [`Error::ShuttingDown`]: nothing was decided.
    pub async fn resolve(&self, id: impl Into<String>, resolution: Resolution) -> Result<(), Error> {
        self.instance(id).decide(None, What::Resolve(None, resolution)).await
    }

    /// Decides how one parked step of an instance goes on, where several are: `"reserve_line"`, or `"reserve_line/3"`
    /// for one item (from 0) of a step that runs for each of a list.
    ///
    /// # Errors
    /// - [`Error::NoSuchStep`]: the saga has no such step, or the step no such item; the text lists the steps.
    /// - [`Error::NotApplicable`]: also if this step is not parked.
    /// - The others as for [`resolve`](Self::resolve).
    pub async fn resolve_step(
        &self,
        id: impl Into<String>,
        step: impl Into<String>,
        resolution: Resolution,
    ) -> Result<(), Error> {
        self.instance(id).decide(None, What::Resolve(Some(step.into()), resolution)).await
    }

    /// Decides how every parked instance that fits goes on, one after the other and in steps, so that many can be
    /// resumed at once: they go on as [`max_active`](Builder::max_active) and `max_running` let them, and leave half of
    /// the places to what is started meanwhile. Says how many were resolved.
    ///
    /// Each instance is decided on once at most: one that parks again stays parked. Passed over are those that are not
    /// parked any more, those that cannot go on like this, and those whose saga is not registered here.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::ShuttingDown`], and for an output [`Error::PayloadTooLarge`] and
    /// [`Error::NotEncodable`]. What was resolved by then stays so: call it again.
    pub async fn resolve_all(&self, filter: Filter, resolution: Resolution) -> Result<usize, Error> {
        let who = Some(Arc::clone(&self.who));
        let verdict = Verdict { who, saga: None, what: What::Resolve(None, resolution) };
        bulk::resolve_all(&self.shared, &filter, &verdict).await
    }

    /// The instances that fit, in the order in which they were started, a page at a time: 100 if the filter has no
    /// [limit](Filter::limit), from 1 to 1,000. Pages that follow each other by their [cursors](Page::next) show each
    /// instance once.
    ///
    /// ```
    /// # use saga_core::error::Error;
    /// # use saga_core::journal::InstanceState;
    /// # use saga_core::runtime::{Filter, Orchestrator};
    /// # async fn all(orchestrator: &Orchestrator) -> Result<(), Error> {
    /// let mut filter = Filter::new().state(InstanceState::Parked);
    /// loop {
    ///     let page = orchestrator.instances(filter.clone()).await?;
    ///     page.items.iter().for_each(|parked| println!("{parked}"));
    ///     let Some(next) = page.next else { break };
    ///     filter = filter.after(next);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`]: ask again. [`Error::ShuttingDown`]: ask after the next build.
    pub async fn instances(&self, filter: Filter) -> Result<Page<InstanceSummary>, Error> {
        query::instances(&self.shared, &filter).await
    }

    /// Everything that is kept of an instance: its journal, its signals, and a timeline of what happened to it. One whose
    /// journal cannot be read is reported too, with what stands there.
    ///
    /// ```
    /// # async fn report(orchestrator: &saga_core::runtime::Orchestrator) -> Result<(), saga_core::error::Error> {
    /// println!("{}", orchestrator.inspect("order-10248").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::Store`]: ask again. [`Error::ShuttingDown`]: ask after the next build.
    pub async fn inspect(&self, id: impl Into<String>) -> Result<InstanceReport, Error> {
        report::inspect(&self.shared, self.instance(id).id()).await
    }

    /// Deletes the instances that fit and have ended, completed or compensated, with everything that is kept of them,
    /// and says how many there were. It does so in steps, between which others are written. Their ids are free then:
    /// a start under one of them starts anew.
    ///
    /// Children go with their parent, also those that do not fit, and are counted too, but not towards the filter's
    /// [limit](Filter::limit). A child stays as long as its parent is there, which may yet want it taken back.
    /// [`Builder::retain_for`] deletes by itself.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::ShuttingDown`]: what was deleted by then is; call it again.
    pub async fn purge(&self, filter: Filter) -> Result<u64, Error> {
        purge::purge(&self.shared, &filter).await
    }

    /// Ends the orchestrator: nothing new starts, and running attempts have the
    /// [grace](Builder::shutdown_grace) to end, without being told to cancel. What has not ended by then is
    /// dropped and counts as in doubt. When it returns the store is closed, unless an attempt blocks its thread:
    /// then it is closed once that has ended. Unfinished instances go on at the next
    /// [build](Builder::build).
    pub async fn shutdown(&self) {
        shutdown::shutdown(&self.shared).await;
    }
}

/// What a user is told of `error`: that the store is closed means that the orchestrator has ended.
pub(crate) fn or_ending(shared: &Shared, error: Error) -> Error {
    match error {
        Error::Store(store) if store.kind() == StoreErrorKind::Closed && shared.lifecycle.is_ending() => {
            Error::ShuttingDown
        }
        other => other,
    }
}
