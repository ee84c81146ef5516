//! One instance, as its user sees it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::id::{InstanceId, StepIndex, StepName};
use crate::journal::InstanceState;
use crate::outcome::{Failure, Outcome, Parked, Status};
use crate::private::{Payloads, encode};
use crate::runtime::any_handle::AnyHandle;
use crate::runtime::inbox;
use crate::runtime::output::Output;
use crate::runtime::reading::{self, marked_unreadable};
use crate::runtime::revive::Replayed;
use crate::runtime::shared::{Ended, Shared};
use crate::runtime::verdict::What;
use crate::saga::{Receives, Saga, Step};
use crate::store::Signal;

/// How often the store is asked about an instance that this process does not drive.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// One instance of the saga `S`. Dropping it changes nothing.
///
/// Clones are handles of the same instance.
pub struct Handle<S: Saga> {
    any: AnyHandle,
    saga: PhantomData<fn() -> S>,
}

impl<S: Saga> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self::new(self.any.clone())
    }
}

impl<S: Saga> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("id", self.id()).finish_non_exhaustive()
    }
}

impl<S: Saga> Handle<S> {
    pub(crate) fn new(any: AnyHandle) -> Self {
        Self { any, saga: PhantomData }
    }

    /// The instance's id.
    pub fn id(&self) -> &InstanceId {
        &self.any.id
    }

    /// Where the instance stands. Everything it reports is durable.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::Conflict`]: it is an instance of another saga.
    /// - [`Error::Unreadable`]: its journal cannot be read.
    /// - [`Error::Store`]: ask again. [`Error::ShuttingDown`]: ask after the next build.
    pub async fn status(&self) -> Result<Status, Error> {
        reading::status(self.shared(), self.id(), Some(S::definition().name())).await
    }

    /// Has the instance compensate, whatever it is doing. Once it returns the decision is durable, with who made it and
    /// why; [`outcome`](Self::outcome) waits until everything is compensated. Running attempts are told that nobody
    /// wants their outcome any more ([`StepContext::cancelled`](crate::context::StepContext::cancelled)).
    ///
    /// An instance that compensates already goes on doing so. If the returned future is dropped, the instance is either
    /// cancelled or not.
    ///
    /// # Errors
    /// - [`Error::PastPivot`]: its pivot has started, so it only goes forward.
    /// - [`Error::Finished`]: it has ended; [`revert`](Self::revert) takes a completed one back.
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::Conflict`]: it is an instance of another saga.
    /// - [`Error::NotRegistered`]: register the saga, in the version of the instance.
    /// - [`Error::Unreadable`]: a version of the program that reads its journal can cancel it.
    /// - [`Error::Stopped`]: another worker has it; ask there.
    /// - [`Error::Store`]: it is not known whether the decision was written; cancel it again, or ask for the status.
    /// - [`Error::ShuttingDown`]: cancel it after the next build.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), Error> {
        self.any.decide(Some(Arc::clone(S::definition().name())), What::Cancel(reason.into())).await
    }

    /// Takes back what the completed instance did: every step is compensated. Once it returns the decision is durable,
    /// with who made it and why; the [`outcome`](Self::outcome) is then
    /// [`Compensated`](crate::outcome::Outcome::Compensated), of the kind
    /// [`Reverted`](crate::outcome::FailureKind::Reverted).
    ///
    /// An instance that is being reverted already goes on. If the returned future is dropped, the instance is either
    /// reverted or not.
    ///
    /// # Errors
    /// - [`Error::NotRevertible`]: it has not completed, its saga has a pivot, or it is the child of another instance:
    ///   the text says what to do instead.
    /// - [`Error::NotFound`]: no instance has this id, or it was purged.
    /// - The others as for [`cancel`](Self::cancel).
    pub async fn revert(&self, reason: impl Into<String>) -> Result<(), Error> {
        self.any.decide(Some(Arc::clone(S::definition().name())), What::Revert(reason.into())).await
    }

    /// Sends the instance a signal for the step that waits for a `P`; one that comes early is kept. Once it
    /// returns the signal is durable. Sent again under the same `signal_id` it changes nothing.
    ///
    /// A payload type that no step of `S` waits for does not compile.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id; start it first.
    /// - [`Error::Finished`]: it has ended, so nobody waits.
    /// - [`Error::Conflict`]: it is an instance of another saga.
    /// - [`Error::InvalidId`], [`Error::PayloadTooLarge`], [`Error::NotEncodable`]: nothing was sent.
    /// - [`Error::TooManySignals`]: it has as many as one may have.
    /// - [`Error::Unreadable`]: its journal cannot be read.
    /// - [`Error::Store`]: it is not known whether it was sent; send it again under the same id.
    /// - [`Error::ShuttingDown`]: send it after the next build.
    pub async fn signal<P: Payloads>(&self, signal_id: impl Into<String>, payload: P) -> Result<(), Error>
    where
        S: Receives<P>,
    {
        let signal_id = InstanceId::new(signal_id)?;
        let not_encodable = |message| Error::NotEncodable { id: self.id().clone(), message };
        let payload = encode(&payload).map_err(not_encodable)?;
        let (bytes, bytes_max) = (payload.len(), self.shared().settings.payload_bytes_max);
        if bytes > bytes_max {
            return Err(Error::PayloadTooLarge { id: self.id().clone(), bytes, bytes_max });
        }
        self.check_saga(&reading::head_of(self.shared(), self.id()).await?.saga)?;
        let definition = S::definition();
        let step = StepIndex::new(<S as Receives<P>>::STEP).and_then(|step| definition.step(step));
        let step = step.ok_or_else(|| self.changed("it has no such signal".to_owned()))?.name.clone();
        let signal = Signal { id: signal_id.to_string(), step, payload, at: self.shared().now() };
        inbox::send(self.shared(), self.id(), signal).await
    }

    /// Waits until the instance has ended or is parked, and says how. It may be called again.
    ///
    /// # Errors
    /// As [`try_outcome`](Self::try_outcome); and [`Error::Stopped`] if the instance cannot go on in this
    /// process.
    pub async fn outcome(&self) -> Result<Outcome<S>, Error> {
        // Dropped last, when nobody waits any more.
        let _forgets = Forgets { shared: self.shared(), id: self.id() };
        loop {
            let (ended, is_live) = self.shared().wait_for(self.id());
            if !is_live && let Some(outcome) = self.try_outcome().await? {
                return Ok(outcome);
            }
            if is_live {
                self.check_saga_of_live()?;
            }
            // An instance that another process drives ends without a word here, so the store is asked again.
            let ended = match tokio::time::timeout(ASK_EVERY, ended).await {
                Err(_elapsed) => continue,
                Ok(Err(_closed)) => return Err(Error::ShuttingDown),
                Ok(Ok(ended)) => ended,
            };
            return match ended {
                Ended::Completed(output) => self.completed(&output),
                Ended::Compensated(failure) => self.compensated(failure),
                Ended::Parked(parked) => self.parked(parked),
                Ended::Stopped(why) => Err(Error::Stopped { id: self.id().clone(), why }),
            };
        }
    }

    /// How the instance ended or that it is parked; `None` while it goes on.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::Conflict`]: it is an instance of another saga.
    /// - [`Error::DefinitionChanged`]: it ended under another definition, and today's has no such step, or its
    ///   output does not read as today's type.
    /// - [`Error::Unreadable`]: its journal cannot be read.
    /// - [`Error::Store`]: ask again. [`Error::ShuttingDown`]: ask after the next build.
    pub async fn try_outcome(&self) -> Result<Option<Outcome<S>>, Error> {
        let head = reading::head_of(self.shared(), self.id()).await?;
        self.check_saga(&head.saga)?;
        match head.progress.state {
            InstanceState::Running | InstanceState::Compensating => Ok(None),
            InstanceState::Completed | InstanceState::Compensated | InstanceState::Parked => {
                self.outcome_of(&self.replayed().await?)
            }
            InstanceState::Unreadable => Err(marked_unreadable(self.id())),
        }
    }

    fn outcome_of(&self, replayed: &Replayed) -> Result<Option<Outcome<S>>, Error> {
        let machine = &replayed.machine;
        match machine.instance_state() {
            InstanceState::Completed => self.completed(&output_of::<S>(replayed)).map(Some),
            InstanceState::Compensated => {
                machine.failure().map(|failure| self.compensated(failure)).transpose()
            }
            InstanceState::Parked => machine.parked().map(|parked| self.parked(parked)).transpose(),
            InstanceState::Running | InstanceState::Compensating | InstanceState::Unreadable => Ok(None),
        }
    }

    fn completed(&self, output: &Output) -> Result<Outcome<S>, Error> {
        let outputs = S::outputs();
        let step = S::definition().output().map(crate::id::StepIndex::get).unwrap_or_default();
        let slot = S::slot(&outputs, step).ok_or_else(|| self.changed("it has no output step".to_owned()))?;
        output.restore(slot).map_err(|what| self.changed(what))?;
        S::output(outputs).map(Outcome::Completed).ok_or_else(|| self.changed("it has no output".to_owned()))
    }

    fn compensated(&self, failure: Failure) -> Result<Outcome<S>, Error> {
        let Failure { step, item, kind, code, message, attempts, skipped } = failure;
        let step = step.map(|step| self.step(&step)).transpose()?;
        let skipped = skipped.iter().map(|step| self.step(step)).collect::<Result<_, _>>()?;
        Ok(Outcome::Compensated(Failure { step, item, kind, code, message, attempts, skipped }))
    }

    fn parked(&self, parked: Parked) -> Result<Outcome<S>, Error> {
        let Parked { step, item, reason, message, attempts, since } = parked;
        let step = self.step(&step)?;
        Ok(Outcome::Parked(Parked { step, item, reason, message, attempts, since }))
    }

    /// Today's step of this name.
    fn step(&self, name: &StepName) -> Result<S::Step, Error> {
        let found = S::Step::ALL.iter().find(|step| *name == step.name());
        found.copied().ok_or_else(|| self.changed(format!("step {name} is not one of today's")))
    }

    /// The fold of the instance's journal.
    async fn replayed(&self) -> Result<Replayed, Error> {
        reading::replayed(self.shared(), self.id(), Some(S::definition().name())).await
    }

    fn check_saga(&self, saga: &str) -> Result<(), Error> {
        reading::check_saga(self.id(), saga, Some(S::definition().name()))
    }

    fn check_saga_of_live(&self) -> Result<(), Error> {
        match self.shared().get(self.id()) {
            Some(live) => self.check_saga(live.saga().definition().name()),
            None => Ok(()),
        }
    }

    fn changed(&self, what: String) -> Error {
        let saga = S::definition().name().to_string();
        Error::DefinitionChanged { saga, what: format!("instance {}: {what}", self.id()) }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.any.shared
    }
}

/// Lets a waiter be forgotten, however its waiting ends.
struct Forgets<'a> {
    shared: &'a Shared,
    id: &'a InstanceId,
}

impl Drop for Forgets<'_> {
    fn drop(&mut self) {
        self.shared.forget_waiters(self.id);
    }
}

/// The output of a completed instance: that of the step that is the output today.
fn output_of<S: Saga>(replayed: &Replayed) -> Output {
    let definition = S::definition();
    let mut output = Output::default();
    for event in replayed.entries.iter().flat_map(|entry| &entry.events) {
        output.note(&definition, definition.output(), event);
    }
    output
}

#[cfg(test)]
mod tests;
