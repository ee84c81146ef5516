//! One instance, whatever its saga.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::id::InstanceId;
use crate::outcome::Status;
use crate::runtime::command::command;
use crate::runtime::reading;
use crate::runtime::shared::Shared;
use crate::runtime::verdict::{Verdict, What};

/// One instance of any saga, made by [`Orchestrator::instance`](crate::runtime::Orchestrator::instance). Dropping it
/// changes nothing.
///
/// It does not wait for the outcome, which has the type of the saga: that is what a
/// [`Handle`](crate::runtime::Handle) is for.
#[derive(Clone)]
pub struct AnyHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) id: InstanceId,
    /// In whose name it decides.
    pub(super) who: Arc<str>,
}

impl fmt::Debug for AnyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

impl AnyHandle {
    /// The handle of the instance with this id; a text that cannot be an id is that of no instance.
    pub(crate) fn new(shared: Arc<Shared>, id: &str, who: Arc<str>) -> Self {
        let id = InstanceId::new(id).unwrap_or_else(|_| InstanceId::unchecked(id));
        Self { shared, id, who }
    }

    /// The instance's id.
    pub fn id(&self) -> &InstanceId {
        &self.id
    }

    /// Where the instance stands. Everything it reports is durable.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no instance has this id.
    /// - [`Error::Unreadable`]: its journal cannot be read.
    /// - [`Error::Store`]: ask again. [`Error::ShuttingDown`]: ask after the next build.
    pub async fn status(&self) -> Result<Status, Error> {
        reading::status(&self.shared, &self.id, None).await
    }

    /// Has the instance compensate; see [`Handle::cancel`](crate::runtime::Handle::cancel).
    ///
    /// # Errors
    /// Those of [`Handle::cancel`](crate::runtime::Handle::cancel), but for a conflict: it may be of any saga.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), Error> {
        self.decide(None, What::Cancel(reason.into())).await
    }

    /// Takes back what the completed instance did; see [`Handle::revert`](crate::runtime::Handle::revert).
    ///
    /// # Errors
    /// Those of [`Handle::revert`](crate::runtime::Handle::revert), but for a conflict: it may be of any saga.
    pub async fn revert(&self, reason: impl Into<String>) -> Result<(), Error> {
        self.decide(None, What::Revert(reason.into())).await
    }

    /// Has a verdict decided on, if it is an instance of the saga that it is taken for.
    pub(crate) async fn decide(&self, saga: Option<Arc<str>>, what: What) -> Result<(), Error> {
        let verdict = Verdict { who: Some(Arc::clone(&self.who)), saga, what };
        command(&self.shared, &self.id, verdict).await
    }
}
