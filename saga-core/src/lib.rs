//! The core of `sagas`: what a saga is, the journal it leaves, the machine that decides and the runtime that
//! acts. Depend on the facade `sagas`, not on this crate.
//!
//! Without the feature `runtime` only the pure part is built: no async, clock, randomness, I/O or logging.

pub mod checked;
pub mod definition;
pub mod fault;
pub mod graph;
pub mod id;
pub mod journal;
pub mod machine;
pub mod outcome;
pub mod retry;
pub mod time;

#[cfg(feature = "runtime")]
pub mod context;
#[cfg(feature = "runtime")]
pub mod error;
#[cfg(feature = "runtime")]
pub mod inline;
#[cfg(feature = "runtime")]
mod latch;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "runtime")]
pub mod saga;
#[cfg(feature = "runtime")]
pub mod store;

#[cfg(feature = "runtime")]
#[doc(hidden)]
pub mod private;
