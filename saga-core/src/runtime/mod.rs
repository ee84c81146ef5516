//! The runtime: it acts on what the machine decides.
//!
//! An instance in memory ([`instance`]) has no task of its own: an attempt's end, a timer or a command lets its
//! machine decide, the entry goes to the [`committer`], and once it is durable the instance acts on it. Instances
//! come into memory by `start` and by [`recovery`], as far as [`admission`] has places.

mod admission;
pub(crate) mod attempt;
mod builder;
mod clock;
mod committer;
mod handle;
mod instance;
pub(crate) mod launch;
mod orchestrator;
mod recovery;
mod registry;
mod revive;
mod shared;
mod shutdown;
mod stay;

pub use builder::{Builder, DEFAULT_MAX_ACTIVE, DEFAULT_PAYLOAD_LIMIT, DEFAULT_SHUTDOWN_GRACE};
pub use clock::{Clock, SystemClock};
pub use handle::Handle;
pub use orchestrator::{Orchestrator, Resolution};
