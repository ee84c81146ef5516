//! What drives instances: the part that users hold.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::id::InstanceId;
use crate::machine::{Decision, Input, Target};
use crate::private::encode;
use crate::runtime::builder::Builder;
use crate::runtime::handle::Handle;
use crate::runtime::resolve;
use crate::runtime::shared::Shared;
use crate::runtime::shutdown::{self, LastClone};
use crate::runtime::start::{self, Start};
use crate::saga::Saga;
use crate::store::{Store, StoreErrorKind};

/// Who resolves if nothing is said.
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

/// How a parked instance goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// What is parked is tried again, with a new budget.
    Retry {
        /// Why, for the journal.
        note: String,
    },
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

    /// The same orchestrator, in the name of `who`: that is what the journal says of who decided.
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
        Ok(Handle::new(Arc::clone(&self.shared), id))
    }

    /// The handle of an instance, whether it exists or not: an unknown id is [`Error::NotFound`] from the
    /// handle's methods, as is a text that cannot be an id.
    pub fn handle<S: Saga>(&self, id: impl Into<String>) -> Handle<S> {
        let id = id.into();
        let id = InstanceId::new(id.as_str()).unwrap_or_else(|_| InstanceId::unchecked(&id));
        Handle::new(Arc::clone(&self.shared), id)
    }

    /// Decides how a parked instance goes on. Once it returns the decision is in the journal, with who made it
    /// (see [`acting_as`](Self::acting_as)) and why.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::NotParked`]: there is nothing to decide.
    /// - [`Error::NotRegistered`]: register the saga, in the version of the instance.
    /// - [`Error::Unreadable`]: a version of the program that reads its journal can resolve it.
    /// - [`Error::Stopped`]: another worker has it; ask there.
    /// - [`Error::Store`]: it is not known whether the decision was written; ask for the status.
    /// - [`Error::ShuttingDown`]: nothing was decided.
    pub async fn resolve(&self, id: impl Into<String>, resolution: Resolution) -> Result<(), Error> {
        let id = id.into();
        let id = InstanceId::new(id.as_str()).map_err(|_| Error::NotFound { id })?;
        let Resolution::Retry { note } = resolution;
        let retry = || Input::Resolve {
            target: Target::All,
            decision: Decision::Retry,
            who: self.who.to_string(),
            note: note.clone(),
        };
        resolve::command(&self.shared, &id, retry).await
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
