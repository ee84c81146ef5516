//! What somebody decides about an instance from outside its steps.

use std::sync::Arc;

use crate::definition::Definition;
use crate::error::Error;
use crate::fault::kept_text;
use crate::id::{InstanceId, StepName};
use crate::journal::{FailureKind, InstanceState};
use crate::machine::{Input, Target};
use crate::runtime::orchestrator::or_ending;
use crate::runtime::reading::{check_saga, marked_unreadable};
use crate::runtime::resolution::Resolution;
use crate::runtime::shared::Shared;

/// Somebody's decision about an instance.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    /// Who decides; none if that is its parent.
    pub(crate) who: Option<Arc<str>>,
    /// The saga that the instance is taken for.
    pub(crate) saga: Option<Arc<str>>,
    pub(crate) what: What,
}

/// What is decided.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It is to be taken back on its way.
    Cancel(String),
    /// It is to be taken back although it has completed.
    Revert(String),
    /// What is parked of it goes on: of the step or item of this name, or all of it.
    Resolve(Option<String>, Resolution),
}

impl Verdict {
    /// Whether it is for an instance only of which something is parked.
    pub(crate) fn is_about_parked(&self) -> bool {
        matches!(self.what, What::Resolve(..))
    }

    /// Refuses an instance of another saga than the one that it is taken for.
    pub(crate) fn check_saga(&self, id: &InstanceId, saga: &str) -> Result<(), Error> {
        check_saga(id, saga, self.saga.as_deref())
    }

    /// Refuses that somebody else than its parent reverts a child: its parent counts on what it did.
    pub(crate) async fn check_parent(
        &self,
        shared: &Shared,
        id: &InstanceId,
        parent: Option<&InstanceId>,
    ) -> Result<(), Error> {
        let (What::Revert(_), Some(_), Some(parent)) = (&self.what, &self.who, parent) else { return Ok(()) };
        let head = shared.store.head(parent).await;
        match head.map_err(|error| or_ending(shared, Error::Store(error)))? {
            Some(_) => {
                let why = "it is a step of another instance, which is to be reverted instead";
                Err(Error::NotRevertible { id: id.clone(), why })
            }
            None => Ok(()),
        }
    }

    /// Refuses what cannot be, as the instance's durable state tells without its journal.
    pub(crate) fn check_state(&self, id: &InstanceId, state: InstanceState) -> Result<(), Error> {
        let id = id.clone();
        match (&self.what, state) {
            (_, InstanceState::Unreadable) => Err(marked_unreadable(&id)),
            (What::Cancel(_), state) if state.is_terminal() => Err(Error::Finished { id }),
            (What::Resolve(..), state) if state.is_terminal() => Err(Error::NotParked { id }),
            (What::Revert(_), InstanceState::Running) => Err(not_revertible(id, InstanceState::Running)),
            _ => Ok(()),
        }
    }

    /// It as the machine of an instance of `definition` takes it.
    ///
    /// # Errors
    /// [`Error::NoSuchStep`], [`Error::PayloadTooLarge`], [`Error::NotEncodable`].
    pub(crate) fn to_input(
        &self,
        id: &InstanceId,
        definition: &Definition,
        bytes_max: usize,
    ) -> Result<Input, Error> {
        let who = self.who.as_ref().map(|who| kept_text(who.to_string()));
        let cancel = |kind, reason: &String| {
            let message = kept_text(reason.clone());
            Ok(Input::Cancel { kind, who: who.clone(), message })
        };
        match &self.what {
            What::Cancel(reason) => cancel(FailureKind::Cancelled, reason),
            What::Revert(reason) => cancel(FailureKind::Reverted, reason),
            What::Resolve(step, resolution) => Ok(Input::Resolve {
                target: match step {
                    None => Target::All,
                    Some(step) => target(id, definition, step)?,
                },
                decision: resolution.decision(id, bytes_max)?,
                who: who.unwrap_or_default(),
                note: kept_text(resolution.note().to_owned()),
            }),
        }
    }
}

/// The step, or the item of one (`reserve_line/3`), that is called `name`.
fn target(id: &InstanceId, definition: &Definition, name: &str) -> Result<Target, Error> {
    let (step, item) = match name.split_once('/') {
        None => (name, None),
        Some((step, item)) => (step, Some(item.parse::<u32>().ok())),
    };
    match (definition.index_of(&StepName::new(step)), item) {
        (Some(step), None) => Ok(Target::One { step, item: None }),
        (Some(step), Some(Some(item))) => Ok(Target::One { step, item: Some(item) }),
        (Some(_), Some(None)) | (None, _) => Err(no_such_step(id, definition, name)),
    }
}

/// The error of a name that no step has.
pub(crate) fn no_such_step(id: &InstanceId, definition: &Definition, name: &str) -> Error {
    let steps = definition.steps().map(|(_, step)| step.name.clone()).collect();
    Error::NoSuchStep { id: id.clone(), step: name.to_owned(), steps }
}

/// The error of reverting an instance that is in this state.
pub(crate) fn not_revertible(id: InstanceId, state: InstanceState) -> Error {
    let why = match state {
        InstanceState::Completed => "its saga has a pivot, after which nothing goes back",
        InstanceState::Compensated => "it has compensated already",
        InstanceState::Compensating => "it compensates already",
        InstanceState::Running | InstanceState::Parked | InstanceState::Unreadable => {
            "it has not completed; cancel it instead"
        }
    };
    Error::NotRevertible { id, why }
}
