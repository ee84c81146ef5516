//! Transactions that span services.
//!
//! Annotate an impl block: each step names the method that takes it back, the macro checks the saga, and the
//! orchestrator drives it so that after any crash each instance **completes**, or has **every effect
//! compensated**, or is **parked** where you can see it and resume it.
//!
//! ```
//! use sagas::prelude::*;
//! # use std::sync::{Arc, Mutex};
//!
//! struct Travel {
//!     /// Stands for two services.
//!     booked: Arc<Mutex<Vec<String>>>,
//! }
//!
//! #[saga]
//! impl Travel {
//!     #[step(compensate = cancel_flight, idempotent)]
//!     async fn book_flight(&self, input: &String) -> Result<u32, StepError> {
//!         self.booked.lock().unwrap().push(format!("flight to {input}"));
//!         Ok(17)
//!     }
//!     async fn cancel_flight(&self, book_flight: &u32) -> Result<(), StepError> {
//!         assert_eq!(*book_flight, 17);
//!         self.booked.lock().unwrap().retain(|booked| !booked.starts_with("flight"));
//!         Ok(())
//!     }
//!
//!     #[step(compensate = cancel_hotel)]
//!     async fn book_hotel(&self, input: &String) -> Result<(), StepError> {
//!         Err(StepError::rejected(format!("no room in {input}")))
//!     }
//!     async fn cancel_hotel(&self, input: &String) -> Result<(), StepError> {
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), sagas::Error> {
//! let booked = Arc::new(Mutex::new(Vec::new()));
//! let orchestrator = Orchestrator::builder(MemoryStore::new())
//!     .register(Travel { booked: Arc::clone(&booked) })
//!     .build()
//!     .await?;
//!
//! let trip = orchestrator.start::<Travel>("trip-1", "Lisbon".to_owned()).await?;
//! match trip.outcome().await? {
//!     Outcome::Completed(()) => unreachable!("there is no room"),
//!     Outcome::Compensated(failure) => {
//!         assert_eq!(failure.step, Some(TravelStep::BookHotel));
//!         assert_eq!(failure.message, "no room in Lisbon");
//!     }
//!     Outcome::Parked(parked) => panic!("{parked}"),
//! }
//! assert!(booked.lock().unwrap().is_empty(), "the flight was taken back");
//! # orchestrator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go from here
//! - [`macro@saga`] and [`macro@step`]: what can be written in the attributes.
//! - [`Fault`]: how an error says whether something may have been done.
//! - [`Orchestrator`], [`Handle`], [`Outcome`]: running instances, and what comes of them.
//! - [`SqliteStore`] and [`MemoryStore`]: where journals are kept; [`store::Store`]: writing another.
//! - [`inline`]: the same saga without a store.
//! - [`testing`]: every failure, repetition and crash point of a saga of your own, in one test.
//! - [`trace`] and [`metrics`]: what is seen of instances, in logs, traces and numbers.
//!
//! # What is promised
//! Each step is called at least once and its outcome is recorded once; a failed instance compensates every step
//! that may have had an effect; nothing is ever silently given up.
//!
//! `Compensated` means a net effect of zero for every compensatable step, attempts in doubt included, if the
//! services accept a compensation twice, accept one for something that never happened, and refuse a forward
//! call whose compensation they have seen, by its key. Where a service of others gives less, a call that was
//! still travelling when its compensation was done may leave an effect behind.
//!
//! The faults that this holds under: a crash of the process at any point; a power loss that loses what was not
//! synced and tears the last sectors; I/O errors, a full disk, a failed sync; messages lost, doubled or
//! reordered; pauses of any length; clocks that jump.
//!
//! # Features
//! - `macros` (default): the attribute macros and the derive.
//! - `sqlite` (default): [`SqliteStore`].
//! - `testing` (default): [`testing`]. It turns on tokio's `test-util`, which costs a release build next to nothing (a
//!   load of an atomic for each look at the clock); a program that does not want it there takes the others by name, and
//!   this one as a dev-dependency: [how](testing#what-it-costs-a-program).
//! - `metrics`: what the orchestrator counts and measures goes to the recorder of the crate `metrics` that the
//!   program installs. Not a default, since nobody can tell from here whether there is one, and the gauges are asked
//!   of the store.

#[doc(hidden)]
pub use saga_core::private as __private;

pub use saga_core::checked::Checked;
pub use saga_core::context::StepContext;
pub use saga_core::error::{ConflictKind, Error};
pub use saga_core::fault::{Fault, FaultKind, FaultRecord, StepError};
pub use saga_core::graph::Graph;
pub use saga_core::id::{InstanceId, InvalidId, StepName};
pub use saga_core::outcome::{
    Failure, FailureKind, NotCompleted, Outcome, ParkReason, Parked, Status, StepState, StepStatus,
};
pub use saga_core::runtime::{
    AnyHandle, Builder, Clock, Cursor, DEFAULT_MAX_ACTIVE, DEFAULT_PAGE_LIMIT, DEFAULT_PAYLOAD_LIMIT,
    DEFAULT_SHUTDOWN_GRACE, Filter, Handle, InstanceReport, InstanceSummary, InvalidCursor, Orchestrator,
    PAGE_LIMIT_MAX, Page, Resolution, SystemClock, report,
};
pub use saga_core::saga::{Inline, Receives, Saga, Step};
pub use saga_core::store::{self, MemoryStore};
pub use saga_core::{inline, journal};

pub use saga_core::journal::InstanceState;

#[doc = include_str!("docs/metrics.md")]
pub mod metrics {
    pub use saga_core::runtime::metrics::*;
}

#[doc = include_str!("docs/trace.md")]
pub mod trace {
    pub use saga_core::journal::{InvalidTrace, TraceContext};
}

#[cfg(feature = "sqlite")]
pub use saga_sqlite::SqliteStore;

#[cfg(feature = "testing")]
pub mod testing {
    #![doc = include_str!("docs/testing.md")]

    pub use saga_testing::{
        CALLS_MAX, Case, DEFAULT_DEVIATIONS, DEFAULT_HISTORIES, Exploration, Explore, PATIENCE, Verdict,
        Violation, case, crash_after, explore, fail_at, in_doubt_at,
    };
}

// The derive shares its name with the trait: macros are another namespace.
#[cfg(feature = "macros")]
#[doc = include_str!("docs/fault.md")]
pub use saga_macros::Fault;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/policy.md")]
pub use saga_macros::policy;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/saga.md")]
pub use saga_macros::saga;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/step.md")]
pub use saga_macros::step;

/// What a program with sagas uses: `use sagas::prelude::*`.
pub mod prelude {
    #[cfg(feature = "sqlite")]
    pub use crate::SqliteStore;
    pub use crate::{
        Checked, Failure, FailureKind, Fault, FaultKind, Handle, MemoryStore, Orchestrator, Outcome,
        ParkReason, Parked, Saga, StepContext, StepError,
    };
    #[cfg(feature = "macros")]
    pub use crate::{policy, saga, step};
}

/// The programs of the README compile.
#[cfg(all(doctest, feature = "macros", feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
