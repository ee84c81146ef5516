//! What can go wrong outside the steps.

use crate::id::{InstanceId, InvalidId, StepName};
use crate::store::StoreError;

/// What can go wrong outside the steps. Ids, paths and names are in its text, payloads never.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The id is taken by another saga or another input.
    #[error("instance {id} exists with another {what}; start this one under another id")]
    Conflict {
        /// The id.
        id: InstanceId,
        /// What differs.
        what: ConflictKind,
    },
    /// No instance has this id.
    #[error("there is no instance {id}")]
    NotFound {
        /// The id.
        id: String,
    },
    /// The text cannot be the id of an instance or of a signal.
    #[error("not the id of an instance or of a signal")]
    InvalidId {
        /// Why.
        #[from]
        source: InvalidId,
    },
    /// An input, a signal or an output is larger than the limit.
    #[error(
        "what instance {id} was to be given has {bytes} bytes, more than the limit of {bytes_max}; pass a reference to it, or raise the limit with `Builder::payload_limit`"
    )]
    PayloadTooLarge {
        /// The instance.
        id: InstanceId,
        /// The size in bytes.
        bytes: usize,
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// An input, a signal or an output cannot be written as JSON.
    #[error("what instance {id} was to be given cannot be kept: {message}")]
    NotEncodable {
        /// The instance.
        id: InstanceId,
        /// What cannot be written.
        message: String,
    },
    /// As many instances wait for a place as may. Nothing was started.
    #[error(
        "instance {id} is not started: {queued_max} wait for a place already; start it later, or raise the limit with `Builder::max_queued`"
    )]
    Overloaded {
        /// The instance that was to be started.
        id: InstanceId,
        /// How many may wait.
        queued_max: usize,
    },
    /// The instance is not parked.
    #[error("instance {id} is not parked, there is nothing to resolve")]
    NotParked {
        /// The instance.
        id: InstanceId,
    },
    /// Instances exist that began under other steps or types than today's saga has.
    #[error("saga {saga} has changed: {what}")]
    DefinitionChanged {
        /// The saga.
        saga: String,
        /// What does not fit.
        what: String,
    },
    /// The instance has ended.
    #[error("instance {id} has ended")]
    Finished {
        /// The instance.
        id: InstanceId,
    },
    /// The instance can no longer be cancelled: its pivot has started, so it only goes forward.
    #[error("instance {id} is past its pivot and only goes forward")]
    PastPivot {
        /// The instance.
        id: InstanceId,
    },
    /// The instance cannot be taken back: only a completed one of a saga without a pivot can, and the child of another
    /// only by that.
    #[error("instance {id} cannot be reverted: {why}")]
    NotRevertible {
        /// The instance.
        id: InstanceId,
        /// Why, and what to do instead.
        why: &'static str,
    },
    /// What is parked of the instance cannot go on in this way.
    #[error("instance {id} cannot be resolved like this: {why}")]
    NotApplicable {
        /// The instance.
        id: InstanceId,
        /// Why, and what to do instead.
        why: String,
    },
    /// The saga of the instance has no step of this name, or the step no such item.
    #[error("instance {id} has no step {step:?}; its steps are {}, an item of one is written as in `step/3`", list(.steps))]
    NoSuchStep {
        /// The instance.
        id: InstanceId,
        /// The name, with the item if one was named.
        step: String,
        /// The steps that there are.
        steps: Vec<StepName>,
    },
    /// The output that a step is said to have had is not of its type. The instance stays parked.
    #[error("the output for step {step} of instance {id} does not fit: {what}")]
    WrongOutput {
        /// The instance.
        id: InstanceId,
        /// The step, with the item if it fans out.
        step: String,
        /// What is wrong, without the output.
        what: String,
    },
    /// The instance has as many signals as one may have.
    #[error("instance {id} has as many signals as it may have, {}", crate::store::SIGNALS_MAX)]
    TooManySignals {
        /// The instance.
        id: InstanceId,
    },
    /// The saga was not registered with this orchestrator.
    #[error("saga {saga} is not registered; write `.register(..)` before `.build()`")]
    NotRegistered {
        /// The saga.
        saga: String,
    },
    /// Two registered sagas have one name and version.
    #[error("saga {saga} is registered twice in version {version}; give one another name or version")]
    RegisteredTwice {
        /// The saga.
        saga: String,
        /// The version.
        version: u32,
    },
    /// An orchestrator was built without a saga.
    #[error("no saga is registered; write `.register(..)` before `.build()`")]
    NothingRegistered,
    /// A setting of the builder cannot be used.
    #[error("{setting} cannot be {value}: {why}")]
    InvalidSetting {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The journal of the instance cannot be read. Its bytes stay as they are.
    #[error("the journal of instance {id} cannot be read: {what}")]
    Unreadable {
        /// The instance.
        id: InstanceId,
        /// What is wrong, and where.
        what: String,
    },
    /// The instance stopped here because its journal went on elsewhere, or because of a defect of this library.
    #[error("instance {id} cannot go on in this process: {why}")]
    Stopped {
        /// The instance.
        id: InstanceId,
        /// Why.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(
        /// How.
        #[from]
        StoreError,
    ),
    /// The orchestrator is shutting down, or has.
    #[error(
        "the orchestrator is shutting down; what was started stays durable and goes on at the next build"
    )]
    ShuttingDown,
    /// There is no tokio runtime to run in.
    #[error("there is no tokio runtime here; call this inside one")]
    NoRuntime,
}

/// Names with commas between.
fn list(names: &[StepName]) -> String {
    names.iter().map(StepName::as_str).collect::<Vec<_>>().join(", ")
}

/// What differs between two starts of one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictKind {
    /// The saga.
    Saga,
    /// The input.
    Input,
    /// Whose child it is.
    Parent,
}

impl std::fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Saga => "saga",
            Self::Input => "input",
            Self::Parent => "parent",
        })
    }
}
