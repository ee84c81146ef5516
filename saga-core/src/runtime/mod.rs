//! The runtime: it acts on what the machine decides.
//!
//! An instance in memory (`instance`) has no task of its own: an attempt's end, a timer or a command lets its
//! machine decide, the entry goes to the `committer`, and once it is durable the instance acts on it. Instances
//! come into memory by `start` and by `recovery`, as far as `admission` has places.

mod admission;
pub(crate) mod answer;
pub(crate) mod attempt;
mod builder;
mod children;
mod clock;
mod committer;
mod door;
mod handle;
mod inbox;
mod instance;
pub(crate) mod launch;
mod limits;
mod line;
pub mod metrics;
mod orchestrator;
mod output;
mod reappend;
mod recovery;
mod registry;
mod resolve;
mod revive;
mod shared;
mod shutdown;
mod start;
mod stay;
mod trace;

pub use builder::{Builder, DEFAULT_MAX_ACTIVE, DEFAULT_PAYLOAD_LIMIT, DEFAULT_SHUTDOWN_GRACE};
pub use clock::{Clock, SystemClock};
pub use handle::Handle;
pub use orchestrator::{Orchestrator, Resolution};
