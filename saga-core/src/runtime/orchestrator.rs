//! What drives instances: the part that users hold.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::{ConflictKind, Error};
use crate::id::InstanceId;
use crate::journal::{Event, InstanceState, Payload, codec};
use crate::machine::Input;
use crate::private::{decode, encode};
use crate::runtime::admission::Origin;
use crate::runtime::builder::Builder;
use crate::runtime::handle::Handle;
use crate::runtime::instance::{Arrival, Arriving, Created, Live};
use crate::runtime::revive::{Command, Revived, load, revive};
use crate::runtime::shared::{Inserted, Shared};
use crate::runtime::shutdown::{self, LastClone};
use crate::saga::Saga;
use crate::store::{Store, StoreErrorKind, Stored, Wanted};

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
        let saga = self.shared.registry.typed::<S>()?;
        let payload = self.encode_input(&id, &input)?;
        if self.shared.lifecycle.is_ending() {
            return Err(Error::ShuttingDown);
        }
        let (creator, created) = oneshot::channel();
        let memory = Some(saga.instance(input));
        let place = self.shared.admission.try_place(Origin::Started);
        let arriving = Arriving { id: id.clone(), saga, memory, place };
        let (live, write) = Live::create(&self.shared, arriving, payload.clone(), creator)?;
        let created = match self.shared.insert(&live) {
            Inserted::New => {
                self.shared.committer.submit(write, live);
                created.await.map_err(|_| Error::ShuttingDown)?
            }
            Inserted::There(there) => match there.created().await {
                Created::Durable => Created::Exists,
                other => other,
            },
            Inserted::Closed => return Err(Error::ShuttingDown),
        };
        match created {
            Created::Durable => {}
            Created::Exists => self.compare::<S>(&id, &payload).await?,
            Created::Failed(error) => return Err(Error::Store(error)),
        }
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
        loop {
            if self.shared.lifecycle.is_ending() {
                return Err(Error::ShuttingDown);
            }
            let (reply, answered) = oneshot::channel();
            let input = Input::Retry { who: self.who.to_string(), note: note.clone() };
            match self.shared.get(&id) {
                Some(live) => live.feed(Arrival { reply: Some(reply), ..input.into() }),
                None => self.revive_parked(&id, Command { input, reply }).await?,
            }
            // No answer: it was on its way out of memory or into it. Look for it again.
            if let Ok(answer) = answered.await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Ends the orchestrator: nothing new starts, and running attempts have the
    /// [grace](Builder::shutdown_grace) to end, without being told to cancel. What has not ended by then is
    /// dropped and counts as in doubt. When it returns the store is closed, unless an attempt blocks its thread:
    /// then it is closed once that has ended. Unfinished instances go on at the next
    /// [build](Builder::build).
    pub async fn shutdown(&self) {
        shutdown::shutdown(&self.shared).await;
    }

    fn encode_input<I: serde::Serialize>(&self, id: &InstanceId, input: &I) -> Result<Payload, Error> {
        let payload = encode(input).map_err(|message| Error::NotEncodable { id: id.clone(), message })?;
        let (bytes, bytes_max) = (payload.len(), self.shared.settings.payload_bytes_max);
        if bytes > bytes_max {
            return Err(Error::PayloadTooLarge { id: id.clone(), bytes, bytes_max });
        }
        Ok(payload)
    }

    /// Compares a start with the instance that has its id: the stored input, read as today's type, and the new
    /// one, both as JSON values.
    async fn compare<S: Saga>(&self, id: &InstanceId, input: &Payload) -> Result<(), Error> {
        let stored = load(&*self.shared.store, id).await.map_err(|error| self.or_ending(error))?;
        if *stored.head.saga != **S::definition().name() {
            return Err(Error::Conflict { id: id.clone(), what: ConflictKind::Saga });
        }
        let unreadable = |what| Error::Unreadable { id: id.clone(), what };
        let old = stored_input(&stored).map_err(unreadable)?;
        let old: S::Input = decode(&old).map_err(|what| Error::Unreadable { id: id.clone(), what })?;
        let old = encode(&old).map_err(|what| Error::Unreadable { id: id.clone(), what })?;
        if as_value(&old) != as_value(input) {
            return Err(Error::Conflict { id: id.clone(), what: ConflictKind::Input });
        }
        Ok(())
    }

    /// Reads a parked instance back to let a decision be made on it.
    async fn revive_parked(&self, id: &InstanceId, command: Command) -> Result<(), Error> {
        let store = &*self.shared.store;
        let state = match store.head(id).await {
            Ok(Some(head)) => head.progress.state,
            Ok(None) => return Err(Error::NotFound { id: id.to_string() }),
            Err(error) => return Err(self.or_ending(Error::Store(error))),
        };
        match state {
            InstanceState::Parked => {}
            InstanceState::Unreadable => {
                let what = "it was marked as unreadable when it was read".to_owned();
                return Err(Error::Unreadable { id: id.clone(), what });
            }
            _ => return Err(Error::NotParked { id: id.clone() }),
        }
        let claimed = store.claim(self.shared.epoch(), self.shared.now(), Wanted::One(id)).await?;
        if claimed.is_empty() {
            return Err(Error::Stopped { id: id.clone(), why: "another worker has it".to_owned() });
        }
        let stored = load(store, id).await?;
        let place = self.shared.admission.try_place(Origin::Started);
        match revive(&self.shared, &stored, place, Some(command)).await {
            Revived::Settled | Revived::Busy => Ok(()),
        }
    }

    /// A closed store is no failure of it.
    fn or_ending(&self, error: Error) -> Error {
        or_ending(&self.shared, error)
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

/// The input that an instance was started with.
fn stored_input(stored: &Stored) -> Result<Payload, String> {
    let first = stored.entries.first().ok_or("it has no entry")?;
    let entry = codec::decode(first).map_err(|error| error.to_string())?;
    match entry.events.into_iter().next() {
        Some(Event::SagaStarted { input, .. }) => Ok(input),
        _ => Err("its first entry does not start it".to_owned()),
    }
}

fn as_value(payload: &Payload) -> Option<serde_json::Value> {
    serde_json::from_str(payload.as_str()).ok()
}
