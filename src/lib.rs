//! Transactions that span services.

#[doc(hidden)]
pub use saga_core::private as __private;

// The derive shares its name with the trait: macros are another namespace.
#[cfg(feature = "macros")]
pub use saga_macros::{Fault, policy, saga, step};

pub use saga_core::checked::Checked;
pub use saga_core::context::StepContext;
pub use saga_core::error::{ConflictKind, Error};
pub use saga_core::fault::{Fault, FaultKind, FaultRecord, StepError};
pub use saga_core::graph::Graph;
pub use saga_core::id::{InstanceId, InvalidId, StepName};
pub use saga_core::inline;
pub use saga_core::journal;
pub use saga_core::outcome::{
    Failure, FailureKind, NotCompleted, Outcome, ParkReason, Parked, Status, StepState, StepStatus,
};
pub use saga_core::saga::{Saga, Step};
pub use saga_core::store::{self, MemoryStore};
